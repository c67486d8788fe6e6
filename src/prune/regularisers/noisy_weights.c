#include "prune/regularisers/noisy_weights.h"

static const double first = -10.0;
static const double k1 = 0.63576, k2 = 1.87320, k3 = 1.48695;

static void log_alphas(const float *rise, const float *mean, int count, double *out) {
  for (int i = 0; i < count; i++) out[i] = esp__noisy_square((double)mean[i]);
  esp__logs(out, count);
  for (int i = 0; i < count; i++) out[i] = first + (double)rise[i] - out[i];
}

void esp__noisy_slopes(const float *rise, const float *mean, int count, double *out) {
  double fit[ESP__AT_ONCE];
  log_alphas(rise, mean, count, out);
  for (int i = 0; i < count; i++) fit[i] = -(k2 + k3 * out[i]);
  esp__exps(fit, count);
  esp__exps(out, count);
  for (int i = 0; i < count; i++) {
    const double s = 1.0 / (1.0 + fit[i]);
    out[i] = k1 * k3 * s * (1.0 - s) + 0.5 / (1.0 + out[i]);
  }
}

void esp__noisy_draw(const float *rise, const float *mean, int count, float *value) {
  double deviation[ESP__AT_ONCE];
  for (int i = 0; i < count; i++) deviation[i] = 0.5 * (first + (double)rise[i]);
  esp__exps(deviation, count);
  for (int i = 0; i < count; i++) value[i] = mean[i] + (float)deviation[i] * value[i];
}

void esp__noisy_still(const float *rise, const float *mean, int count, float *value) {
  double log_alpha[ESP__AT_ONCE];
  log_alphas(rise, mean, count, log_alpha);
  for (int i = 0; i < count; i++) value[i] = log_alpha[i] > 3.0 ? 0.0f : mean[i];
}
