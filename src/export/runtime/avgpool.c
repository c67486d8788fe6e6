static void pool_average(const window *k, const float *x, float *y) {
  const float share = 1.0f / (float)(k->size_rows * k->size_columns);
  for (int c = 0; c < k->channels; c++, x += k->height * k->width)
    for (int r = 0; r < k->rows; r++)
      for (int q = 0; q < k->columns; q++) *y++ = window_sum(k, r, q, x) * share;
}
