#include "autograd/fixed_point.h"

#include <math.h>

enum { SHIFT_MAX = 62 };

esp__fixed esp__fixed_of(double factor) {
  int exponent;
  if (!(factor > 0.0)) return (esp__fixed){0, 1};
  const double fraction = frexp(factor, &exponent); /* factor = fraction * 2^exponent, 1/2 to 1 */
  int64_t m = (int64_t)nearbyint(ldexp(fraction, 31));
  if (m == (int64_t)1 << 31) {
    m >>= 1;
    exponent++;
  }
  const int shift = 31 - exponent;
  if (shift > SHIFT_MAX) return (esp__fixed){0, 1};
  return shift < 1 ? (esp__fixed){INT32_MAX, 1} : (esp__fixed){m, shift};
}

int64_t esp__fixed_with(double factor, int shift) {
  return factor > 0.0 ? (int64_t)nearbyint(ldexp(factor, shift)) : 0;
}
