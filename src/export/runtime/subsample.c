/* Every stride-th pixel; then planes of zeros. */
static void subsample(const window *k, int outputs, const float *x, float *y) {
  for (int c = 0; c < k->channels; c++, x += k->height * k->width)
    for (int r = 0; r < k->rows; r++)
      for (int q = 0; q < k->columns; q++) *y++ = (0.0f + x[(r * k->width + q) * k->stride]) * 1.0f;
  for (int i = k->channels * k->rows * k->columns; i < outputs * k->rows * k->columns; i++)
    *y++ = 0.0f;
}
