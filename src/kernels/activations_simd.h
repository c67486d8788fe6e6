/* exp and the smooth activations on vectors, to the bits of kernels/activations.h: the same
 * operations in the same order, of which a compiler would make more than are needed. */
#ifndef ESP_KERNELS_ACTIVATIONS_SIMD_H
#define ESP_KERNELS_ACTIVATIONS_SIMD_H

#include "kernels/activations.h"
#include "kernels/simd.h"

#if ESP_VECTOR == 1
#define esp__vec_exp(x) esp__expf(x)
#define esp__vec_tanh(x) esp__tanhf(x)
#define esp__vec_sigmoid(x) esp__sigmoid(x)
#define esp__vec_gelu(x) esp__gelu(x)
#define esp__vec_gelu_slope(x, y) esp__gelu_slope(x, y)
#else

static inline esp__vec esp__vec_negative(esp__vec x) {
  return esp__vec_sub(esp__vec_set(0.0f), x);
}

/* sum * x + term, rounded twice. */
static inline esp__vec esp__vec_horner(esp__vec sum, esp__vec x, float term) {
  return esp__vec_add(esp__vec_mul(sum, x), esp__vec_set(term));
}

static inline esp__vec esp__vec_exp(esp__vec given) {
  const esp__vec x = esp__vec_smaller(esp__vec_larger(given, esp__vec_set(-87.0f)),
                                      esp__vec_set(88.0f)),
                 round = esp__vec_set(12582912.0f),
                 n = esp__vec_sub(
                     esp__vec_add(esp__vec_mul(x, esp__vec_set(1.44269504088896341f)), round),
                     round),
                 r = esp__vec_add(esp__vec_sub(x, esp__vec_mul(n, esp__vec_set(0.693359375f))),
                                  esp__vec_mul(n, esp__vec_set(2.12194440e-4f)));
  esp__vec p = esp__vec_horner(esp__vec_set(1.9875691500e-4f), r, 1.3981999507e-3f);
  p = esp__vec_horner(p, r, 8.3334519073e-3f);
  p = esp__vec_horner(p, r, 4.1665795894e-2f);
  p = esp__vec_horner(p, r, 1.6666665459e-1f);
  p = esp__vec_horner(p, r, 5.0000001201e-1f);
  p = esp__vec_add(esp__vec_mul(esp__vec_mul(p, r), r), r);
  p = esp__vec_mul(esp__vec_add(p, esp__vec_set(1.0f)), esp__vec_power_of_two(n));
  return esp__vec_if_equal(given, given, p, given);
}

static inline esp__vec esp__vec_tanh(esp__vec x) {
  const esp__vec one = esp__vec_set(1.0f), zero = esp__vec_set(0.0f),
                 size = esp__vec_if_less(x, zero, esp__vec_negative(x), x),
                 t = esp__vec_exp(esp__vec_mul(esp__vec_set(-2.0f), size)),
                 large = esp__vec_div(esp__vec_sub(one, t), esp__vec_add(one, t)),
                 x2 = esp__vec_mul(x, x);
  esp__vec series = esp__vec_horner(esp__vec_set(2.1869488536e-2f), x2, -5.3968253968e-2f);
  series = esp__vec_horner(series, x2, 1.3333333333e-1f);
  series = esp__vec_horner(series, x2, -3.3333333333e-1f);
  series = esp__vec_add(esp__vec_mul(esp__vec_mul(series, x2), x), x);
  return esp__vec_if_less(size, esp__vec_set(0.25f), series,
                          esp__vec_if_less(x, zero, esp__vec_negative(large), large));
}

static inline esp__vec esp__vec_sigmoid(esp__vec x) {
  const esp__vec one = esp__vec_set(1.0f), zero = esp__vec_set(0.0f),
                 t = esp__vec_exp(esp__vec_if_less(x, zero, x, esp__vec_negative(x)));
  return esp__vec_div(esp__vec_if_less(x, zero, t, one), esp__vec_add(one, t));
}

static inline esp__vec esp__vec_times(float factor, esp__vec x) {
  return esp__vec_mul(esp__vec_set(factor), x);
}

/* tanh(sqrt(2 / pi) (x + 0.044715 x^3)) */
static inline esp__vec esp__vec_gelu_tanh(esp__vec x) {
  const esp__vec cube = esp__vec_mul(esp__vec_mul(esp__vec_times(0.044715f, x), x), x);
  return esp__vec_tanh(esp__vec_times(0.7978845608f, esp__vec_add(x, cube)));
}

static inline esp__vec esp__vec_gelu(esp__vec x) {
  const esp__vec one = esp__vec_set(1.0f);
  return esp__vec_mul(esp__vec_times(0.5f, x), esp__vec_add(one, esp__vec_gelu_tanh(x)));
}

static inline esp__vec esp__vec_gelu_slope(esp__vec x, esp__vec y) {
  const esp__vec one = esp__vec_set(1.0f), most = esp__vec_set(16.0f), least = esp__vec_set(-16.0f);
  (void)y;
  x = esp__vec_if_less(most, x, most, esp__vec_if_less(x, least, least, x));
  const esp__vec t = esp__vec_gelu_tanh(x), rest = esp__vec_sub(one, esp__vec_mul(t, t)),
                 square = esp__vec_mul(esp__vec_times(0.134145f, x), x),
                 inner = esp__vec_times(0.7978845608f, esp__vec_add(one, square));
  return esp__vec_add(esp__vec_times(0.5f, esp__vec_add(one, t)),
                      esp__vec_mul(esp__vec_mul(esp__vec_times(0.5f, x), rest), inner));
}
#endif

static inline esp__vec esp__vec_tanh_slope(esp__vec x, esp__vec y) {
  (void)x;
  return esp__vec_sub(esp__vec_set(1.0f), esp__vec_mul(y, y));
}
static inline esp__vec esp__vec_sigmoid_slope(esp__vec x, esp__vec y) {
  (void)x;
  return esp__vec_mul(y, esp__vec_sub(esp__vec_set(1.0f), y));
}

#endif
