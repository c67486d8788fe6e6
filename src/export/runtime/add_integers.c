/* (a * by_a + b * by_b) / 2^shift, rounded once. */
static void add(int count, int32_t by_a, int32_t by_b, int shift, const number *a, const number *b,
                number *y) {
  for (int i = 0; i < count; i++)
    y[i] = rounded((int64_t)a[i] * by_a + (int64_t)b[i] * by_b, shift, -127);
}
