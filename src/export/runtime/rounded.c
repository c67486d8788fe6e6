/* product / 2^shift, rounded half up, within [low, 127]. */
static number rounded(int64_t product, int shift, int low) {
  const int64_t q = (product + ((int64_t)1 << (shift - 1))) >> shift;
  return (number)(q < low ? low : q > 127 ? 127 : q);
}
