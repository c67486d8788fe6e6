static void finish(const ending *e, int o, int count, const float *sum, const float *other,
                   float *y) {
  for (int i = 0; i < count; i++) {
    float v = sum[i] + 0.0f;
    if (e->bias) v += e->bias[o];
    if (e->scale) v = times(v, e->scale[o]) + e->shift[o];
    if (other) v += other[i];
    y[i] = e->relu && !(v > 0.0f) ? 0.0f : v;
  }
}
