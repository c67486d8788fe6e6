static float tangent(float x) {
  const float size = x < 0.0f ? -x : x, t = exponential(-2.0f * size),
              large = (1.0f - t) / (1.0f + t), x2 = times(x, x);
  float series = 2.1869488536e-2f;
  series = times(series, x2) - 5.3968253968e-2f;
  series = times(series, x2) + 1.3333333333e-1f;
  series = times(series, x2) - 3.3333333333e-1f;
  series = times(times(series, x2), x) + x;
  return size < 0.25f ? series : x < 0.0f ? -large : large;
}
