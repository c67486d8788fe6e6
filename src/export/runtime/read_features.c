/* Features, planes one behind the other, become normalised ones. */
static void read_features(const float *features, const double *mean, const double *std,
                          int channels, int count, number *y) {
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < count; i++)
      y[c * count + i] = (number)(((double)features[c * count + i] - mean[c]) / std[c]);
}
