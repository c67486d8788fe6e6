#include "autograd/fixed_point.h"

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
  return factor > 0.0 ? (int64_t)fmin(nearbyint(ldexp(factor, shift)), INT32_MAX) : 0;
}

/* ---- of tensors ---- */

float esp__fixed_inverse(const esp_param *scale) {
  return scale->value[0] > 0.0f ? 1.0f / scale->value[0] : 0.0f;
}

double esp__fixed_real(const esp_integers *from, int c) {
  return (double)from->scale->value[0] * (from->step ? (double)from->step->value[c] : 1.0);
}

static double over(double real, const esp_param *to) {
  return to->value[0] > 0.0f ? real / (double)to->value[0] : 0.0;
}

esp__fixed esp__fixed_channel(const esp_requantise_attr *attr, int c) {
  return esp__fixed_of(over(esp__fixed_real(&attr->from, c) / attr->from.area, attr->to));
}

esp__fixed_pair esp__fixed_sum(const esp_requantise_attr *attr) {
  const double a = over(esp__fixed_real(&attr->from, 0), attr->to);
  const double b = over((double)attr->other->value[0], attr->to);
  const int shift = esp__fixed_of(a > b ? a : b).shift;
  return (esp__fixed_pair){esp__fixed_with(a, shift), esp__fixed_with(b, shift), shift};
}
