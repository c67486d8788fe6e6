#include "sound/spectrum.h"

#include "base/mathx.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846, ln10 = 2.30258509299404568402;
static const double floor_energy = 1e-3, lowest = 20.0; /* Hz */
const double esp__silence = -6.907755278982137;         /* log(1e-3) */

/* ---- what the keys say ---- */

static esp_status check(const esp_spectrum *s, const esp_audio_options *o, esp_error *err) {
  if (s->window < 8 || s->hop < 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.window: %g ms and data.hop: %g ms are %d and %d samples at data.rate = "
                    "%d; expected at least 8 and 1",
                    o->window, o->hop, s->window, s->hop, s->rate);
  if (s->frames < 1 || s->frames > ESP_FRAMES_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.seconds: %g s are %d frames of %g ms each %g ms; expected 1 to %d",
                    o->seconds, s->frames, o->window, o->hop, ESP_FRAMES_MAX);
  return ESP_OK;
}

static esp_status size_up(esp_spectrum *s, const esp_audio_options *o, esp_error *err) {
  s->rate = (int)o->rate;
  s->samples = (int)floor(o->seconds * s->rate + 0.5);
  s->window = (int)floor(o->window * 1e-3 * s->rate + 0.5);
  s->hop = (int)floor(o->hop * 1e-3 * s->rate + 0.5);
  s->bands = (int)o->bands;
  s->sequence = strcmp(o->layout, "sequence") == 0;
  s->frames = s->hop > 0 && s->samples >= s->window ? (s->samples - s->window) / s->hop + 1 : 0;
  return check(s, o, err);
}

esp_shape esp__spectrum_shape(const esp_spectrum *s) {
  return s->sequence ? (esp_shape){s->bands, 1, s->frames, 0}
                     : (esp_shape){1, s->frames, s->bands, 0};
}

/* ---- bands ---- */

static double mel_of(double hertz) {
  return 2595.0 * esp__log(1.0 + hertz / 700.0) / ln10;
}

static double hertz_of(double mel) {
  return 700.0 * (esp__exp(mel * ln10 / 2595.0) - 1.0);
}

/* A triangle between three frequencies, in mel: at `hertz`. */
static double triangle(double low, double middle, double high, double hertz) {
  const double mel = mel_of(hertz);
  const double up = (mel - low) / (middle - low), down = (high - mel) / (high - middle);
  const double least = up < down ? up : down;
  return least > 0.0 ? least : 0.0;
}

/* Frequencies k / size of the rate between two in mel; a band as narrow as their distance takes the
 * nearest one. */
static void find_bins(esp_spectrum *s, int band, double low, double high) {
  const double bin = (double)s->rate / s->fft.size;
  int first = (int)ceil(hertz_of(low) / bin), last = (int)floor(hertz_of(high) / bin);
  if (last > s->fft.size / 2) last = s->fft.size / 2;
  s->first[band] = first;
  s->bins[band] = last >= first ? last - first + 1 : 0;
}

/* The weights of a band; returns their number. */
static int weigh(esp_spectrum *s, int band, double low, double step, double *weight) {
  const double bin = (double)s->rate / s->fft.size, middle = low + step, high = low + 2.0 * step;
  double sum = 0.0, squares = 0.0;
  find_bins(s, band, low, high);
  for (int i = 0; i < s->bins[band]; i++)
    sum += weight[i] = triangle(low, middle, high, (s->first[band] + i) * bin);
  if (sum <= 0.0) {
    s->first[band] = (int)floor(hertz_of(middle) / bin + 0.5);
    s->bins[band] = 1;
    sum = weight[0] = 1.0;
  }
  for (int i = 0; i < s->bins[band]; i++) squares += weight[i] * weight[i];
  s->noise_energy[band] = sum;
  s->noise_values[band] = sum * sum / squares;
  return s->bins[band];
}

static void fill_bands(esp_spectrum *s) {
  const double low = mel_of(lowest), step = (mel_of(s->rate / 2.0) - low) / (s->bands + 1);
  double *weight = s->weight, power = 0.0;
  for (int b = 0; b < s->bands; b++) weight += weigh(s, b, low + b * step, step, weight);
  for (int i = 0; i < s->window; i++) {
    s->hann[i] = 0.5 - 0.5 * esp__cos(2.0 * pi * (i + 0.5) / s->window);
    power += s->hann[i] * s->hann[i];
  }
  for (int b = 0; b < s->bands; b++) s->noise_energy[b] *= power;
}

static esp_status allocate(esp_spectrum *s, esp_error *err) {
  const size_t bands = (size_t)s->bands;
  int size = 16;
  while (size < s->window) size *= 2;
  ESP_TRY(esp__fft_make(&s->fft, size, err));
  s->hann = malloc((size_t)s->window * sizeof *s->hann);
  s->first = calloc(bands, sizeof *s->first);
  s->bins = calloc(bands, sizeof *s->bins);
  s->weight = malloc(((size_t)size + 3 * bands) * sizeof *s->weight); /* a bin is in two bands */
  s->noise_energy = calloc(bands, sizeof *s->noise_energy);
  s->noise_values = calloc(bands, sizeof *s->noise_values);
  const bool made =
      s->hann && s->first && s->bins && s->weight && s->noise_energy && s->noise_values;
  return made ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "no memory for the bands of sounds");
}

esp_status esp__spectrum_new(esp_spectrum **made, const esp_audio_options *opt, esp_error *err) {
  esp_spectrum *s = *made = calloc(1, sizeof *s);
  if (!s) return esp_fail(err, ESP_ERR_MEMORY, "no memory for the bands of sounds");
  esp_status status = size_up(s, opt, err);
  if (status == ESP_OK) status = allocate(s, err);
  if (status == ESP_OK) fill_bands(s);
  if (status == ESP_OK) return ESP_OK;
  esp__spectrum_free(s);
  *made = NULL;
  return status;
}

void esp__spectrum_free(esp_spectrum *s) {
  if (!s) return;
  esp__fft_free(&s->fft);
  free(s->hann);
  free(s->first);
  free(s->bins);
  free(s->weight);
  free(s->noise_energy);
  free(s->noise_values);
  free(s);
}

/* ---- features ---- */

/* A frame's samples and the transform's scratch, then its power. */
size_t esp__spectrum_scratch(const esp_spectrum *s) {
  return 2 * (size_t)s->fft.size + (size_t)s->fft.size / 2 + 1;
}

/* The samples of a frame under the window, zeros behind them. */
static void take_frame(const esp_spectrum *s, const float *sample, double *x) {
  for (int i = 0; i < s->window; i++) x[i] = s->hann[i] * (double)sample[i];
  for (int i = s->window; i < s->fft.size; i++) x[i] = 0.0;
}

void esp__spectrum_frame(const esp_spectrum *s, const float *sample, double *scratch,
                         float *features) {
  double *x = scratch, *work = x + s->fft.size, *power = work + s->fft.size;
  const double *weight = s->weight;
  take_frame(s, sample, x);
  esp__fft_power(&s->fft, x, work, power);
  for (int b = 0; b < s->bands; weight += s->bins[b++]) {
    double energy = floor_energy;
    for (int i = 0; i < s->bins[b]; i++) energy += weight[i] * power[s->first[b] + i];
    features[b] = (float)esp__log(energy);
  }
}

/* The samples from `first` on, which may lie before or behind all there are. */
static void cut(const float *sample, size_t samples, int64_t first, int count, float *frame) {
  for (int64_t i = 0; i < count; i++) {
    const bool there = first + i >= 0 && first + i < (int64_t)samples;
    frame[i] = there ? sample[first + i] : 0.0f;
  }
}

void esp__spectrum_features(const esp_spectrum *s, const float *sample, size_t samples,
                            float *frame, double *scratch, float *features) {
  const int64_t lead = ((int64_t)s->samples - (int64_t)samples) / 2;
  float of_frame[ESP_BANDS_MAX];
  for (int t = 0; t < s->frames; t++) {
    cut(sample, samples, (int64_t)t * s->hop - lead, s->window, frame);
    esp__spectrum_frame(s, frame, scratch, of_frame);
    for (int b = 0; b < s->bands; b++) features[esp__feature_at(s, t, b)] = of_frame[b];
  }
}
