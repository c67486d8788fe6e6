static void apply_gelu(int count, const float *x, float *y) {
  for (int i = 0; i < count; i++) {
    const float v = x[i], cube = times(times(times(0.044715f, v), v), v),
                inner = times(0.7978845608f, v + cube);
    y[i] = times(0.5f, v) * (1.0f + tangent(inner));
  }
}
