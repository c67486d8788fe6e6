#include "kernels/kernels.h"

/* `dense` is a constant at both calls, so that each loop is free of the other's test. */
static inline __attribute__((always_inline)) void sgd(const esp__sgd *k, size_t n,
                                                      const float *restrict grad,
                                                      const uint8_t *restrict keep,
                                                      float *restrict velocity,
                                                      float *restrict weight, const bool dense) {
  const float limit = k->clip > 0.0f ? k->clip : 3.4e38f, carry = k->nesterov ? k->momentum : 0.0f;
  const float now = k->nesterov ? 1.0f : 0.0f, then = k->nesterov ? carry : 1.0f;
  for (size_t i = 0; i < n; i++) {
    float g = grad[i] * k->scale;
    g = g > limit ? limit : g < -limit ? -limit : g;
    g += k->decay * weight[i];
    float v = k->momentum * velocity[i] + g;
    float w = weight[i] - k->lr * (now * g + then * v);
    velocity[i] = dense || keep[i] ? v : 0.0f;
    weight[i] = dense || keep[i] ? w : 0.0f;
  }
}

void ESP_ISA_NAME(esp__sgd)(const esp__sgd *k, size_t n, const float *grad, const uint8_t *keep,
                            float *velocity, float *weight) {
  if (keep)
    sgd(k, n, grad, keep, velocity, weight, false);
  else
    sgd(k, n, grad, keep, velocity, weight, true);
}

void ESP_ISA_NAME(esp__apply_mask)(size_t n, const float *shadow, const uint8_t *keep,
                                   float *value) {
  for (size_t i = 0; i < n; i++) value[i] = keep[i] ? shadow[i] : 0.0f;
}

void ESP_ISA_NAME(esp__average)(size_t n, float decay, const float *value, float *average) {
  for (size_t i = 0; i < n; i++) average[i] = decay * average[i] + (1.0f - decay) * value[i];
}
