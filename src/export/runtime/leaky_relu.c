static void leaky_relu(int count, const float *x, float *y) {
  for (int i = 0; i < count; i++) y[i] = x[i] > 0.0f ? x[i] : 0.01f * x[i];
}
