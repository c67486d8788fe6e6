/* A batch norm by itself; y may be x or `other`. */
static void apply_line(const ending *e, int channels, int count, const float *x, const float *other,
                       float *y) {
  for (int c = 0; c < channels; c++, x += count, y += count) {
    for (int i = 0; i < count; i++) {
      float v = times(x[i], e->scale[c]) + e->shift[c];
      if (other) v += other[c * count + i];
      y[i] = e->relu && !(v > 0.0f) ? 0.0f : v;
    }
  }
}
