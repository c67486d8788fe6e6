#include "base/inline.h"
#include "kernels/kernels.h"

#include <math.h>

/* In all three `dense` is a constant at both calls, so that each loop is free of the other's
 * test. */
ESP_INLINE float limit_of(float clip) {
  return clip > 0.0f ? clip : 3.4e38f;
}

ESP_INLINE float clipped(float g, float limit) {
  return g > limit ? limit : g < -limit ? -limit : g;
}

ESP_INLINE void sgd(const esp__sgd *k, size_t n, const float *restrict grad,
                    const uint8_t *restrict keep, float *restrict velocity, float *restrict weight,
                    const bool dense) {
  const float limit = limit_of(k->clip), carry = k->nesterov ? k->momentum : 0.0f;
  const float now = k->nesterov ? 1.0f : 0.0f, then = k->nesterov ? carry : 1.0f;
  for (size_t i = 0; i < n; i++) {
    const float g = clipped(grad[i] * k->scale, limit) + k->decay * weight[i];
    const float v = k->momentum * velocity[i] + g;
    const float w = weight[i] - k->lr * (now * g + then * v);
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

ESP_INLINE void adam(const esp__adam *k, size_t n, const float *restrict grad,
                     const uint8_t *restrict keep, float *restrict first, float *restrict second,
                     float *restrict weight, const bool dense) {
  const float limit = limit_of(k->clip);
  for (size_t i = 0; i < n; i++) {
    const float g = clipped(grad[i] * k->scale, limit) + k->decay * weight[i];
    const float m = k->beta1 * first[i] + k->rest1 * g;
    const float v = k->beta2 * second[i] + (k->rest2 * g) * g;
    const float w = k->shrink * weight[i] - k->lr * (m / (k->root * sqrtf(v) + k->epsilon));
    first[i] = dense || keep[i] ? m : 0.0f;
    second[i] = dense || keep[i] ? v : 0.0f;
    weight[i] = dense || keep[i] ? w : 0.0f;
  }
}

void ESP_ISA_NAME(esp__adam)(const esp__adam *k, size_t n, const float *grad, const uint8_t *keep,
                             float *m, float *v, float *weight) {
  if (keep)
    adam(k, n, grad, keep, m, v, weight, false);
  else
    adam(k, n, grad, keep, m, v, weight, true);
}

ESP_INLINE void rmsprop(const esp__rmsprop *k, size_t n, const float *restrict grad,
                        const uint8_t *restrict keep, float *restrict first, float *restrict second,
                        float *restrict weight, const bool dense) {
  const float limit = limit_of(k->clip);
  for (size_t i = 0; i < n; i++) {
    const float g = clipped(grad[i] * k->scale, limit) + k->decay * weight[i];
    const float v = k->alpha * second[i] + (k->rest * g) * g;
    const float m = k->momentum * first[i] + g / (sqrtf(v) + k->epsilon);
    const float w = weight[i] - k->lr * m;
    first[i] = dense || keep[i] ? m : 0.0f;
    second[i] = dense || keep[i] ? v : 0.0f;
    weight[i] = dense || keep[i] ? w : 0.0f;
  }
}

void ESP_ISA_NAME(esp__rmsprop)(const esp__rmsprop *k, size_t n, const float *grad,
                                const uint8_t *keep, float *m, float *v, float *weight) {
  if (keep)
    rmsprop(k, n, grad, keep, m, v, weight, false);
  else
    rmsprop(k, n, grad, keep, m, v, weight, true);
}

void ESP_ISA_NAME(esp__apply_mask)(size_t n, const float *shadow, const uint8_t *keep,
                                   float *value) {
  for (size_t i = 0; i < n; i++) value[i] = keep[i] ? shadow[i] : 0.0f;
}

void ESP_ISA_NAME(esp__average)(size_t n, float decay, const float *value, float *average) {
  for (size_t i = 0; i < n; i++) average[i] = decay * average[i] + (1.0f - decay) * value[i];
}
