/* Raw pixels, channels innermost, become planes of normalised ones. */
static void read_pixels(const unsigned char *pixels, const number (*level)[256], int levels,
                        int channels, int count, number *y) {
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < count; i++)
      y[c * count + i] = level[levels == 1 ? 0 : c][pixels[i * channels + c]];
}
