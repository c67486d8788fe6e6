/* Every stride-th pixel; then planes of zeros. A zero has no sign. */
static void subsample(const window *k, int outputs, const number *x, number *y) {
  for (int c = 0; c < k->channels; c++, x += k->height * k->width)
    for (int r = 0; r < k->rows; r++)
      for (int q = 0; q < k->columns; q++) *y++ = (number)(x[(r * k->width + q) * k->stride] + 0);
  for (int i = k->channels * k->rows * k->columns; i < outputs * k->rows * k->columns; i++)
    *y++ = 0;
}
