/* The built-in non-linearities, from IEEE operations alone. */
#ifndef ESP_KERNELS_ACTIVATIONS_H
#define ESP_KERNELS_ACTIVATIONS_H

#include "kernels/expf.h"

/* Each activation is its value and its derivative, side by side; the derivative may use both x and
 * y = f(x). */
static inline float esp__relu(float x) {
  return x > 0.0f ? x : 0.0f;
}
static inline float esp__relu_slope(float x, float y) {
  (void)y;
  return x > 0.0f ? 1.0f : 0.0f;
}

static inline float esp__relu6(float x) {
  return x > 0.0f ? x < 6.0f ? x : 6.0f : 0.0f;
}
static inline float esp__relu6_slope(float x, float y) {
  (void)y;
  return x > 0.0f && x < 6.0f ? 1.0f : 0.0f;
}

static inline float esp__leaky_relu(float x) {
  return x > 0.0f ? x : 0.01f * x;
}
static inline float esp__leaky_relu_slope(float x, float y) {
  (void)y;
  return x > 0.0f ? 1.0f : 0.01f;
}

/* Near zero (1 - t) / (1 + t) cancels; there the odd series to x^9 takes over. */
static inline float esp__tanhf(float x) {
  float size = x < 0.0f ? -x : x, t = esp__expf(-2.0f * size), large = (1.0f - t) / (1.0f + t),
        x2 = x * x;
  float series = 2.1869488536e-2f;
  series = series * x2 - 5.3968253968e-2f;
  series = series * x2 + 1.3333333333e-1f;
  series = series * x2 - 3.3333333333e-1f;
  series = series * x2 * x + x;
  return size < 0.25f ? series : x < 0.0f ? -large : large;
}
static inline float esp__tanhf_slope(float x, float y) {
  (void)x;
  return 1.0f - y * y;
}

static inline float esp__sigmoid(float x) {
  float t = esp__expf(x < 0.0f ? x : -x);
  return (x < 0.0f ? t : 1.0f) / (1.0f + t);
}
static inline float esp__sigmoid_slope(float x, float y) {
  (void)x;
  return y * (1.0f - y);
}

/* 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
static inline float esp__gelu_inner(float x) {
  return 0.7978845608f * (x + 0.044715f * x * x * x);
}
static inline float esp__gelu(float x) {
  return 0.5f * x * (1.0f + esp__tanhf(esp__gelu_inner(x)));
}
static inline float esp__gelu_slope(float x, float y) {
  (void)y;
  x = x > 16.0f    ? 16.0f
      : x < -16.0f ? -16.0f
                   : x; /* beyond, the slope is that of a line, and x^2 may overflow */
  float t = esp__tanhf(esp__gelu_inner(x));
  return 0.5f * (1.0f + t) +
         0.5f * x * (1.0f - t * t) * (0.7978845608f * (1.0f + 0.134145f * x * x));
}

#endif
