/* a * b + c, rounded once. Where the processor cannot, in double: the product is exact there, the
 * sum is rounded to odd where rounding twice would go wrong. */
#if defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define fused(a, b, c) __builtin_fmaf(a, b, c)
#else
static float fused(float a, float b, float c) {
  const uint64_t half = 0x10000000u, behind = 0x1fffffffu;
  const double product = (double)a * (double)b, other = (double)c;
  double sum = product + other, rest, part;
  uint64_t bits;
  memcpy(&bits, &sum, sizeof bits);
  if ((bits & behind) != half && (bits >> 52 & 0x7ff) > 0x381) return (float)sum;
  part = sum - product;
  rest = (product - (sum - part)) + (other - part);
  if (rest != 0.0 && (bits & 1) == 0) {
    bits = (rest > 0.0) == (sum > 0.0) ? bits + 1 : bits - 1;
    memcpy(&sum, &bits, sizeof sum);
  }
  return (float)sum;
}
#endif
