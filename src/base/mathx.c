#include "base/mathx_blocks.h"

/* x = n ln 2 + r, |r| <= ln 2 / 2; Taylor to r^13. */
double esp__exp(double x) {
  if (x > 709.0) return HUGE_VAL;
  if (x < -745.0) return 0.0;
  if (isnan(x)) return x;
  double n = floor(x / 0.693147180559945309 + 0.5);
  double r = (x - n * esp__ln2_high) - n * esp__ln2_low;
  double sum = 1.0;
  for (int k = 13; k >= 1; k--) sum = 1.0 + sum * r / k;
  return ldexp(sum, (int)n);
}

double esp__log(double x) {
  esp__log_block(&x, 1);
  return x;
}

double esp__pow(double x, double y) {
  if (y == 0.0) return 1.0;
  return x <= 0.0 ? 0.0 : esp__exp(y * esp__log(x));
}

double esp__cos(double x) {
  esp__cos_block(&x, 1);
  return x;
}
