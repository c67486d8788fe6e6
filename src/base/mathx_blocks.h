/* The logarithms and cosines of mathx.h of up to ESP__AT_ONCE numbers, each replaced by its own:
 * additions and divisions of several wait for each other no more. They are templates: what is
 * compiled for an instruction set takes as many at once as it has room for, with the same bits. */
#ifndef ESP_BASE_MATHX_BLOCKS_H
#define ESP_BASE_MATHX_BLOCKS_H

#include "base/inline.h"
#include "base/mathx.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { ESP__AT_ONCE = 16 };

static const double esp__ln2_high = 6.93147180369123816490e-01,
                    esp__ln2_low = 1.90821492927058770002e-10;
static const double esp__pi = 3.14159265358979323846;

/* 0, but NaN for infinities and NaN, whose bits are taken apart as if they were numbers. */
static inline double esp__poison(double x) {
  return x - x;
}

static inline double esp__of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint64_t esp__bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* n + 1023 where x = 2^n m, sqrt(1/2) <= m < sqrt(2), x at least 2^-1022; without a branch, which
 * random numbers would have guessed wrong half of the time. */
static inline int esp__biased_exponent(uint64_t bits) {
  return (int)((bits + ((uint64_t)1023 << 52) - esp__bits_of(0.70710678118654752440)) >> 52);
}

/* log m = 2 atanh((m - 1) / (m + 1)). */
ESP_INLINE void esp__log_block(double *x, int count) {
  double n[ESP__AT_ONCE], t[ESP__AT_ONCE], t2[ESP__AT_ONCE], sum[ESP__AT_ONCE];
  for (int i = 0; i < count; i++) {
    const double up = x[i] < 0x1p-1022 ? 0x1p54 : 1.0; /* so that all 53 bits are there */
    const uint64_t bits = esp__bits_of(x[i] * up);
    const int biased = esp__biased_exponent(bits);
    const double m = esp__of_bits(bits + ((uint64_t)1023 << 52) - ((uint64_t)biased << 52));
    n[i] = (double)(biased - 1023) - (up > 1.0 ? 54.0 : 0.0);
    t[i] = (m - 1.0) / (m + 1.0);
    t2[i] = t[i] * t[i];
    sum[i] = 0.0;
  }
  for (int k = 21; k >= 1; k -= 2)
    for (int i = 0; i < count; i++) sum[i] = 1.0 / k + sum[i] * t2[i];
  for (int i = 0; i < count; i++)
    x[i] = n[i] * esp__ln2_high + (n[i] * esp__ln2_low + 2.0 * t[i] * sum[i]) + esp__poison(x[i]);
}

static inline double esp__smaller(double a, double b) {
  return a < b ? a : b;
}

/* Reduced to [0, pi / 2] by symmetry; Taylor to x^22. */
ESP_INLINE void esp__cos_block(double *x, int count) {
  double sign[ESP__AT_ONCE], x2[ESP__AT_ONCE], sum[ESP__AT_ONCE];
  for (int i = 0; i < count; i++) {
    x[i] = fabs(x[i]);
    x[i] -= floor(x[i] / (2.0 * esp__pi)) * 2.0 * esp__pi;
  }
  for (int i = 0; i < count; i++) {
    const double half = esp__smaller(x[i], 2.0 * esp__pi - x[i]);
    const double quarter = esp__smaller(half, esp__pi - half);
    sign[i] = half > esp__pi / 2.0 ? -1.0 : 1.0;
    x2[i] = quarter * quarter;
    sum[i] = 1.0;
  }
  for (int k = 22; k >= 2; k -= 2)
    for (int i = 0; i < count; i++) sum[i] = 1.0 - sum[i] * x2[i] / (k * (k - 1));
  for (int i = 0; i < count; i++) x[i] = sign[i] * sum[i];
}

#endif
