#include "base/random_blocks.h"
#include "kernels/expf.h"
#include "kernels/inline.h"
#include "kernels/kernels.h"

static const float first = -10.0f;
static const float k1 = 0.63576f, k2 = 1.87320f, k3 = 1.48695f;

/* Blocks of ESP__AT_ONCE, whose number the compiler sees, and what is left. */
#define IN_BLOCKS(n, BLOCK)                                                       \
  do {                                                                            \
    size_t at = 0;                                                                \
    for (; at + ESP__AT_ONCE <= (n); at += ESP__AT_ONCE) BLOCK(at, ESP__AT_ONCE); \
    if (at < (n)) BLOCK(at, (int)((n)-at));                                       \
  } while (0)

ESP_INLINE void log_alphas(const float *rise, const float *mean, const int count, double *out) {
  for (int i = 0; i < count; i++) out[i] = esp__noisy_square((double)mean[i]);
  esp__log_block(out, count);
  for (int i = 0; i < count; i++) out[i] = (double)(first + rise[i]) - out[i];
}

ESP_INLINE void draw(uint64_t key, size_t index, const float *rise, const float *mean,
                     const int count, float *value) {
  double noise[ESP__AT_ONCE];
  esp__normal_block(key, index, count, noise);
  for (int i = 0; i < count; i++)
    value[i] = mean[i] + esp__expf(0.5f * (first + rise[i])) * (float)noise[i];
}

void ESP_ISA_NAME(esp__noisy_draw)(size_t n, uint64_t key, const float *rise, const float *mean,
                                   float *value) {
#define BLOCK(at, count) draw(key, at, rise + (at), mean + (at), count, value + (at))
  IN_BLOCKS(n, BLOCK);
#undef BLOCK
}

ESP_INLINE void slopes(const float *rise, const float *mean, const int count, double *out) {
  log_alphas(rise, mean, count, out);
  for (int i = 0; i < count; i++) {
    const float a = (float)out[i], s = 1.0f / (1.0f + esp__expf(-(k2 + k3 * a)));
    out[i] = (double)(k1 * k3 * s * (1.0f - s) + 0.5f / (1.0f + esp__expf(a)));
  }
}

void ESP_ISA_NAME(esp__noisy_slopes)(size_t n, const float *rise, const float *mean, double *out) {
#define BLOCK(at, count) slopes(rise + (at), mean + (at), count, out + (at))
  IN_BLOCKS(n, BLOCK);
#undef BLOCK
}

ESP_INLINE void still(const float *rise, const float *mean, const int count, float *value) {
  double log_alpha[ESP__AT_ONCE];
  log_alphas(rise, mean, count, log_alpha);
  for (int i = 0; i < count; i++) value[i] = log_alpha[i] > 3.0 ? 0.0f : mean[i];
}

void ESP_ISA_NAME(esp__noisy_still)(size_t n, const float *rise, const float *mean, float *value) {
#define BLOCK(at, count) still(rise + (at), mean + (at), count, value + (at))
  IN_BLOCKS(n, BLOCK);
#undef BLOCK
}
