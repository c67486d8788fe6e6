/* How a frame becomes features: the logarithms of the energy in bands of frequencies. */
typedef struct spectrum {
  const double *hann;           /* [window] */
  const double *cosine, *sine;  /* [size / 2] */
  const double *weight;         /* of all bands, one behind the other */
  const uint16_t *first, *bins; /* [bands] */
  int window, size, bands;
} spectrum;

static double windowed(const spectrum *s, const int16_t *samples, int i) {
  return i < s->window ? product(s->hann[i], samples[i] / 32768.0) : 0.0;
}

/* The bits of k below `half`, the last one first. */
static int reversed(int k, int half) {
  int r = 0;
  for (int bit = 1; bit < half; bit *= 2, k /= 2) r = 2 * r + (k & 1);
  return r;
}

/* `room` has place for size + size / 2 + 1 numbers. */
static void hear(const spectrum *s, const int16_t *samples, double *room, float *features) {
  const int half = s->size / 2;
  double *re = room, *im = re + half, *power = im + half;
  const double *weight = s->weight;
  for (int k = 0; k < half; k++) {
    const int from = 2 * reversed(k, half);
    re[k] = windowed(s, samples, from);
    im[k] = windowed(s, samples, from + 1);
  }
  transform(s->size, s->cosine, s->sine, re, im);
  for (int k = 0; k <= half; k++) power[k] = power_at(k, s->size, s->cosine, s->sine, re, im);
  for (int b = 0; b < s->bands; weight += s->bins[b++]) {
    double energy = 1e-3;
    for (int i = 0; i < s->bins[b]; i++) energy += product(weight[i], power[s->first[b] + i]);
    features[b] = (float)logarithm(energy);
  }
}
