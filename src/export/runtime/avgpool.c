static void pool_average(const window *k, const float *x, float *y) {
  const float share = 1.0f / (float)(k->size_rows * k->size_columns);
  for (int c = 0; c < k->channels; c++, x += k->height * k->width)
    for (int r = 0; r < k->rows; r++)
      for (int q = 0; q < k->columns; q++) {
        const int top = r * k->stride - k->padding, left = q * k->stride - k->padding;
        const int bottom = within(top + k->size_rows, k->height),
                  right = within(left + k->size_columns, k->width);
        float sum = 0.0f;
        for (int i = within(top, k->height); i < bottom; i++)
          for (int j = within(left, k->width); j < right; j++) sum += x[i * k->width + j];
        *y++ = sum * share;
      }
}
