/* The nearest integer, halves to even, within [-127, 127]. */
static number level_of(float x) {
  const float rounder = 12582912.0f;
  const float near = x > -127.0f ? x < 127.0f ? x : 127.0f : -127.0f;
  return (number)((near + rounder) - rounder);
}

/* Features, planes one behind the other, become integers of a scale; `inverse` is 1 / scale. */
static void read_features(const float *features, const float *mean, const float *std, int channels,
                          int count, float inverse, number *y) {
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < count; i++) {
      const float x = (float)(((double)features[c * count + i] - (double)mean[c]) / (double)std[c]);
      y[c * count + i] = level_of(times(x, inverse));
    }
}
