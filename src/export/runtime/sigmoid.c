static void apply_sigmoid(int count, const float *x, float *y) {
  for (int i = 0; i < count; i++) {
    const float v = x[i], t = exponential(v < 0.0f ? v : -v);
    y[i] = (v < 0.0f ? t : 1.0f) / (1.0f + t);
  }
}
