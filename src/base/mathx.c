#include "base/mathx.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
static const double pi = 3.14159265358979323846;

/* 0, but NaN for infinities and NaN, whose bits are taken apart as if they were numbers. */
static double poison(double x) {
  return x - x;
}

static double of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* x = n ln 2 + r, |r| <= ln 2 / 2; Taylor to r^13. */
double esp__exp(double x) {
  if (x > 709.0) return HUGE_VAL;
  if (x < -745.0) return 0.0;
  if (isnan(x)) return x;
  double n = floor(x / 0.693147180559945309 + 0.5);
  double r = (x - n * ln2_high) - n * ln2_low;
  double sum = 1.0;
  for (int k = 13; k >= 1; k--) sum = 1.0 + sum * r / k;
  return ldexp(sum, (int)n);
}

/* n + 1023 where x = 2^n m, sqrt(1/2) <= m < sqrt(2), x at least 2^-1022; without a branch, which
 * random numbers would have guessed wrong half of the time. */
static int biased_exponent(uint64_t bits) {
  return (int)((bits + ((uint64_t)1023 << 52) - bits_of(0.70710678118654752440)) >> 52);
}

/* log m = 2 atanh((m - 1) / (m + 1)). */
void esp__logs(double *x, int count) {
  double n[ESP__AT_ONCE], t[ESP__AT_ONCE], t2[ESP__AT_ONCE], sum[ESP__AT_ONCE];
  for (int i = 0; i < count; i++) {
    const double up = x[i] < 0x1p-1022 ? 0x1p54 : 1.0; /* so that all 53 bits are there */
    const uint64_t bits = bits_of(x[i] * up);
    const int biased = biased_exponent(bits);
    const double m = of_bits(bits + ((uint64_t)1023 << 52) - ((uint64_t)biased << 52));
    n[i] = (double)(biased - 1023) - (up > 1.0 ? 54.0 : 0.0);
    t[i] = (m - 1.0) / (m + 1.0);
    t2[i] = t[i] * t[i];
    sum[i] = 0.0;
  }
  for (int k = 21; k >= 1; k -= 2)
    for (int i = 0; i < count; i++) sum[i] = 1.0 / k + sum[i] * t2[i];
  for (int i = 0; i < count; i++)
    x[i] = n[i] * ln2_high + (n[i] * ln2_low + 2.0 * t[i] * sum[i]) + poison(x[i]);
}

double esp__log(double x) {
  esp__logs(&x, 1);
  return x;
}

double esp__pow(double x, double y) {
  if (y == 0.0) return 1.0;
  return x <= 0.0 ? 0.0 : esp__exp(y * esp__log(x));
}

static double smaller(double a, double b) {
  return a < b ? a : b;
}

/* Reduced to [0, pi / 2] by symmetry; Taylor to x^22. */
void esp__coses(double *x, int count) {
  double sign[ESP__AT_ONCE], x2[ESP__AT_ONCE], sum[ESP__AT_ONCE];
  for (int i = 0; i < count; i++) {
    x[i] = fabs(x[i]);
    x[i] -= floor(x[i] / (2.0 * pi)) * 2.0 * pi;
  }
  for (int i = 0; i < count; i++) {
    const double half = smaller(x[i], 2.0 * pi - x[i]), quarter = smaller(half, pi - half);
    sign[i] = half > pi / 2.0 ? -1.0 : 1.0;
    x2[i] = quarter * quarter;
    sum[i] = 1.0;
  }
  for (int k = 22; k >= 2; k -= 2)
    for (int i = 0; i < count; i++) sum[i] = 1.0 - sum[i] * x2[i] / (k * (k - 1));
  for (int i = 0; i < count; i++) x[i] = sign[i] * sum[i];
}

double esp__cos(double x) {
  esp__coses(&x, 1);
  return x;
}
