typedef struct convolution {
  weights weights;
  ending ending;
  int channels, height, width;                             /* of what it reads */
  int outputs, rows, columns;                              /* of what it makes */
  int kernel_rows, kernel_columns, down, right, top, left; /* strides and padding */
  int groups;
} convolution;

/* The outputs of a row or column of `size` that tap `t` reads within the plane: from *first to
 * before *end, of `outputs`. */
static void reach(int t, int padding, int stride, int size, int outputs, int *first, int *end) {
  const int before = padding - t, last = size - 1 + before;
  *first = before > 0 ? (before + stride - 1) / stride : 0;
  *end = last < 0 ? 0 : last / stride + 1;
  if (*end > outputs) *end = outputs;
}

/* sum += w * x, over all outputs of a plane that the tap reaches. */
static void add_tap(const convolution *k, number w, int tap, const number *x, total *sum) {
  const int row = tap / k->kernel_columns, column = tap % k->kernel_columns, s = k->right;
  int first_row, end_row, first, end_column;
  reach(row, k->top, k->down, k->height, k->rows, &first_row, &end_row);
  reach(column, k->left, s, k->width, k->columns, &first, &end_column);
  for (int r = first_row; r < end_row; r++) {
    const number *from = x + (r * k->down + row - k->top) * k->width + first * s + column - k->left;
    total *to = sum + r * k->columns + first, *const end = sum + r * k->columns + end_column;
    for (; end - to >= 4; to += 4, from += 4 * s) {
      to[0] = fused(w, from[0], to[0]);
      to[1] = fused(w, from[s], to[1]);
      to[2] = fused(w, from[2 * s], to[2]);
      to[3] = fused(w, from[3 * s], to[3]);
    }
    for (; to < end; to++, from += s) *to = fused(w, *from, *to);
  }
}

/* The sums of output o, of which w has the weights next. */
static void sum_output(const convolution *k, weights *w, int o, const number *x, total *sum) {
  const int taps = k->kernel_rows * k->kernel_columns, inside = k->channels / k->groups,
            plane = k->height * k->width, count = k->rows * k->columns;
  const number *from = x + o / (k->outputs / k->groups) * inside * plane;
  for (int i = 0; i < count; i++) sum[i] = 0;
  for (int at = next_place(w, -1, inside * taps); at < inside * taps;
       at = next_place(w, at, inside * taps))
    add_tap(k, next_value(w), at % taps, from + at / taps * plane, sum);
}
