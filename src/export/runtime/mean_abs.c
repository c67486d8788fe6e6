/* The mean of |x| of each plane, by four running sums. */
static void mean_abs(int channels, int rows, int columns, const float *x, float *y) {
  const float share = 1.0f / (float)(rows * columns);
  for (int c = 0; c < channels; c++) {
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int r = 0; r < rows; r++)
      for (int q = 0; q < columns; q++, x++) sum[q % 4] += *x < 0.0f ? -*x : *x;
    y[c] = ((sum[0] + sum[1]) + (sum[2] + sum[3])) * share;
  }
}
