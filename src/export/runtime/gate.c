static void gate(int channels, int count, const float *x, const float *by, float *y) {
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < count; i++) y[c * count + i] = x[c * count + i] * by[c];
}
