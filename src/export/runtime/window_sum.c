/* The sum of a window of plane x, as far as it lies in it. */
static total window_sum(const window *k, int row, int column, const number *x) {
  const int top = row * k->stride - k->padding, left = column * k->stride - k->padding;
  const int bottom = within(top + k->size_rows, k->height),
            right = within(left + k->size_columns, k->width);
  total sum = 0;
  for (int i = within(top, k->height); i < bottom; i++)
    for (int j = within(left, k->width); j < right; j++) sum += x[i * k->width + j];
  return sum;
}
