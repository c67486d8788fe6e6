#include "base/mathx.h"

#include <math.h>

static const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
static const double pi = 3.14159265358979323846;

/* x = n ln 2 + r, |r| <= ln 2 / 2; Taylor to r^13. */
double esp__exp(double x) {
  if (x > 709.0) return HUGE_VAL;
  if (x < -745.0) return 0.0;
  double n = floor(x / 0.693147180559945309 + 0.5);
  double r = (x - n * ln2_high) - n * ln2_low;
  double sum = 1.0;
  for (int k = 13; k >= 1; k--) sum = 1.0 + sum * r / k;
  return ldexp(sum, (int)n);
}

/* x = 2^n m, sqrt(1/2) <= m < sqrt(2); log m = 2 atanh((m - 1) / (m + 1)). */
double esp__log(double x) {
  int n;
  double m = frexp(x, &n);
  if (m < 0.70710678118654752440) {
    m *= 2.0;
    n--;
  }
  double t = (m - 1.0) / (m + 1.0), t2 = t * t, sum = 0.0;
  for (int k = 21; k >= 1; k -= 2) sum = 1.0 / k + sum * t2;
  return n * ln2_high + (n * ln2_low + 2.0 * t * sum);
}

double esp__pow(double x, double y) {
  if (y == 0.0) return 1.0;
  return x <= 0.0 ? 0.0 : esp__exp(y * esp__log(x));
}

/* Reduced to [0, pi / 2] by symmetry; Taylor to x^22. */
double esp__cos(double x) {
  x = fabs(x);
  x -= floor(x / (2.0 * pi)) * 2.0 * pi;
  if (x > pi) x = 2.0 * pi - x;
  double sign = 1.0;
  if (x > pi / 2.0) {
    x = pi - x;
    sign = -1.0;
  }
  double x2 = x * x, sum = 1.0;
  for (int k = 22; k >= 2; k -= 2) sum = 1.0 - sum * x2 / (k * (k - 1));
  return sign * sum;
}
