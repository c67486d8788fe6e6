#include "prune/regularisers/noisy_weights.h"

#include "kernels/expf.h"

static const float first = -10.0f;
static const float k1 = 0.63576f, k2 = 1.87320f, k3 = 1.48695f;

static void log_alphas(const float *rise, const float *mean, int count, double *out) {
  for (int i = 0; i < count; i++) out[i] = esp__noisy_square((double)mean[i]);
  esp__logs(out, count);
  for (int i = 0; i < count; i++) out[i] = (double)(first + rise[i]) - out[i];
}

void esp__noisy_slopes(const float *rise, const float *mean, int count, double *out) {
  log_alphas(rise, mean, count, out);
  for (int i = 0; i < count; i++) {
    const float a = (float)out[i], s = 1.0f / (1.0f + esp__expf(-(k2 + k3 * a)));
    out[i] = (double)(k1 * k3 * s * (1.0f - s) + 0.5f / (1.0f + esp__expf(a)));
  }
}

void esp__noisy_draw(const float *rise, const float *mean, int count, float *value) {
  for (int i = 0; i < count; i++)
    value[i] = mean[i] + esp__expf(0.5f * (first + rise[i])) * value[i];
}

void esp__noisy_still(const float *rise, const float *mean, int count, float *value) {
  double log_alpha[ESP__AT_ONCE];
  log_alphas(rise, mean, count, log_alpha);
  for (int i = 0; i < count; i++) value[i] = log_alpha[i] > 3.0 ? 0.0f : mean[i];
}
