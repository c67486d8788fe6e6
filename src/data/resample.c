#include "data/resample.h"

#include "base/mathx.h"

#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;
enum { CROSSINGS = 32 };
static const double passed = 0.92; /* the middle of the slope, of the lower half rate */
static const double beta = 8.0;    /* of Kaiser's window */

static uint64_t common_divisor(uint64_t a, uint64_t b) {
  while (b) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* The modified Bessel function of order 0. */
static double bessel(double x) {
  double sum = 1.0, term = 1.0;
  for (int k = 1; k < 40; k++) {
    term *= x * x / (4.0 * k * k);
    sum += term;
  }
  return sum;
}

static double sinc(double x) {
  return fabs(x) < 1e-9 ? 1.0 : esp__cos(pi * x - pi / 2.0) / (pi * x);
}

/* The weight of a sample `t` samples away. */
static double weight_at(const esp__resampler *f, double t) {
  const double u = t / f->half;
  if (u <= -1.0 || u >= 1.0) return 0.0;
  return sinc(f->cutoff * t) * bessel(beta * sqrt(1.0 - u * u));
}

/* The weights of a phase, whose sum is 1. */
static const double *weights_of(esp__resampler *f, uint64_t phase) {
  const int taps = 2 * f->half;
  double *w = f->weight + phase * (uint64_t)taps, sum = 0.0;
  if (f->made[phase]) return w;
  for (int k = 0; k < taps; k++) {
    w[k] = weight_at(f, (double)(k - f->half + 1) - (double)phase / (double)f->phases);
    sum += w[k];
  }
  for (int k = 0; k < taps; k++) w[k] /= sum;
  f->made[phase] = true;
  return w;
}

static double value_at(esp__resampler *f, const esp__sound *from, uint64_t i) {
  const uint64_t place = i * f->step;
  const double *w = weights_of(f, place % f->phases);
  const int64_t first = (int64_t)(place / f->phases) - f->half + 1;
  double sum = 0.0;
  for (int64_t k = 0; k < 2 * f->half; k++)
    if (first + k >= 0 && first + k < (int64_t)from->samples)
      sum += w[k] * (double)from->sample[first + k];
  return sum;
}

static esp_status prepare(esp__resampler *f, int from, int to, esp_error *err) {
  if (f->from == from && f->to == to) return ESP_OK;
  const uint64_t common = common_divisor((uint64_t)from, (uint64_t)to);
  esp__resampler_free(f);
  f->phases = (uint64_t)to / common;
  f->step = (uint64_t)from / common;
  f->cutoff = passed * (to < from ? (double)to / from : 1.0);
  f->half = (int)ceil(CROSSINGS / f->cutoff);
  f->weight = malloc(f->phases * 2 * (size_t)f->half * sizeof *f->weight);
  f->made = calloc(f->phases, sizeof *f->made);
  if (!f->weight || !f->made) return esp_fail(err, ESP_ERR_MEMORY, "no memory for a filter");
  f->from = from;
  f->to = to;
  return ESP_OK;
}

void esp__resampler_free(esp__resampler *f) {
  free(f->weight);
  free(f->made);
  *f = (esp__resampler){0};
}

static esp_status convert(esp__resampler *f, esp__sound *sound, int rate, esp_error *err) {
  const size_t count =
      (sound->samples * (uint64_t)rate + (uint64_t)sound->rate - 1) / (uint64_t)sound->rate;
  float *sample = malloc(count * sizeof *sample);
  if (!sample) return esp_fail(err, ESP_ERR_MEMORY, "no memory for %zu samples", count);
  for (size_t i = 0; i < count; i++) sample[i] = (float)value_at(f, sound, i);
  free(sound->sample);
  *sound = (esp__sound){sample, count, rate};
  return ESP_OK;
}

esp_status esp__resample(esp__resampler *f, esp__sound *sound, int rate, esp_error *err) {
  if (sound->rate == rate) return ESP_OK;
  ESP_TRY(prepare(f, sound->rate, rate, err));
  return convert(f, sound, rate, err);
}
