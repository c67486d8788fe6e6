static void threshold(int count, float t, const float *x, float *y) {
  for (int i = 0; i < count; i++) y[i] = x[i] > t ? x[i] : 0.0f;
}
