/* Features, planes one behind the other, become normalised ones. */
static void read_features(const float *features, const float *mean, const float *std, int channels,
                          int count, number *y) {
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < count; i++)
      y[c * count + i] =
          (number)(((double)features[c * count + i] - (double)mean[c]) / (double)std[c]);
}
