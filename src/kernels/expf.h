/* exp in single precision from IEEE operations alone, so that every instruction set and libm
 * returns the same bits. x = n ln 2 + r; a polynomial in r (Cephes' coefficients are the usual
 * minimax ones of degree 5); n goes into the exponent. Relative error below 2e-7. Results that
 * would be subnormal or overflow are clamped; what is not a number stays so. */
#ifndef ESP_KERNELS_EXPF_H
#define ESP_KERNELS_EXPF_H

#include <stdint.h>
#include <string.h>

static inline float esp__expf(float x) {
  const float given = x;
  x = x > -87.0f ? x : -87.0f; /* also what is not a number */
  x = x < 88.0f ? x : 88.0f;
  const float round = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
  float n = (x * 1.44269504088896341f + round) - round;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r) * r + r + 1.0f;
  int32_t bits = ((int32_t)n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return given == given ? p * power : given;
}

#endif
