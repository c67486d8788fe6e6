/* The `keep` largest, if above 0; of equal ones the first. */
static void top_k(int channels, int keep, const float *x, float *y) {
  for (int c = 0; c < channels; c++) {
    int before = 0;
    for (int d = 0; d < channels; d++) before += x[d] > x[c] || (d < c && x[d] == x[c]);
    y[c] = before < keep && x[c] > 0.0f ? x[c] : 0.0f;
  }
}
