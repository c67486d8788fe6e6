/* The sums of an output are made in `room`, or if that is NULL where its plane will be, which must
 * not be `other` then. */
static void convolve(const convolution *k, const float *x, const float *other, float *y,
                     float *room) {
  weights w = k->weights;
  const int count = k->rows * k->columns;
  for (int o = 0; o < k->outputs; o++) {
    float *sum = room ? room : y + o * count;
    sum_output(k, &w, o, x, sum);
    finish(&k->ending, o, count, sum, other ? other + o * count : NULL, y + o * count);
  }
}
