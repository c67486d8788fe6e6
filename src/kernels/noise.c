#include "base/inline.h"
#include "base/random_blocks.h"
#include "kernels/expf.h"
#include "kernels/kernels.h"

/* Functions of a block are told as a constant how long a whole one is, so their loops unroll. */

static const float first = -10.0f;
static const float k1 = 0.63576f, k2 = 1.87320f, k3 = 1.48695f;

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
  size_t at = 0;
  for (; at + ESP__AT_ONCE <= n; at += ESP__AT_ONCE)
    draw(key, at, rise + at, mean + at, ESP__AT_ONCE, value + at);
  draw(key, at, rise + at, mean + at, (int)(n - at), value + at);
}

ESP_INLINE void slopes(const float *rise, const float *mean, const int count, double *out) {
  log_alphas(rise, mean, count, out);
  for (int i = 0; i < count; i++) {
    const float a = (float)out[i], s = 1.0f / (1.0f + esp__expf(-(k2 + k3 * a)));
    out[i] = (double)(k1 * k3 * s * (1.0f - s) + 0.5f / (1.0f + esp__expf(a)));
  }
}

void ESP_ISA_NAME(esp__noisy_slopes)(size_t n, const float *rise, const float *mean, double *out) {
  size_t at = 0;
  for (; at + ESP__AT_ONCE <= n; at += ESP__AT_ONCE)
    slopes(rise + at, mean + at, ESP__AT_ONCE, out + at);
  slopes(rise + at, mean + at, (int)(n - at), out + at);
}

ESP_INLINE void still(const float *rise, const float *mean, const int count, float *value) {
  double log_alpha[ESP__AT_ONCE];
  log_alphas(rise, mean, count, log_alpha);
  for (int i = 0; i < count; i++) value[i] = log_alpha[i] > 3.0 ? 0.0f : mean[i];
}

void ESP_ISA_NAME(esp__noisy_still)(size_t n, const float *rise, const float *mean, float *value) {
  size_t at = 0;
  for (; at + ESP__AT_ONCE <= n; at += ESP__AT_ONCE)
    still(rise + at, mean + at, ESP__AT_ONCE, value + at);
  still(rise + at, mean + at, (int)(n - at), value + at);
}
