static void pool_max(const window *k, const number *x, number *y) {
  for (int c = 0; c < k->channels; c++, x += k->height * k->width)
    for (int r = 0; r < k->rows; r++)
      for (int q = 0; q < k->columns; q++) {
        const int top = r * k->stride - k->padding, left = q * k->stride - k->padding;
        const int bottom = within(top + k->size_rows, k->height),
                  right = within(left + k->size_columns, k->width);
        number best = x[within(top, k->height) * k->width + within(left, k->width)];
        for (int i = within(top, k->height); i < bottom; i++)
          for (int j = within(left, k->width); j < right; j++)
            if (x[i * k->width + j] > best) best = x[i * k->width + j];
        *y++ = best;
      }
}
