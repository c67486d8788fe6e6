/* `f` takes the size of a window into account. */
static void pool_average(const window *k, const factor *f, int low, const number *x, number *y) {
  for (int c = 0; c < k->channels; c++, x += k->height * k->width)
    for (int r = 0; r < k->rows; r++)
      for (int q = 0; q < k->columns; q++) *y++ = rescaled(f, window_sum(k, r, q, x), low);
}
