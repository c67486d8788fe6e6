static void apply_tanh(int count, const float *x, float *y) {
  for (int i = 0; i < count; i++) y[i] = tangent(x[i]);
}
