static void relu6(int count, const float *x, float *y) {
  for (int i = 0; i < count; i++) y[i] = x[i] > 0.0f ? x[i] < 6.0f ? x[i] : 6.0f : 0.0f;
}
