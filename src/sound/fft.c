#include "sound/fft.h"

#include "base/mathx.h"

#include <stdlib.h>

static const double pi = 3.14159265358979323846;

static uint32_t reverse(uint32_t k, int half) {
  uint32_t reversed = 0;
  for (int bit = 1; bit < half; bit *= 2, k /= 2) reversed = 2 * reversed + (k & 1);
  return reversed;
}

esp_status esp__fft_make(esp__fft *f, int size, esp_error *err) {
  const size_t half = (size_t)size / 2;
  *f = (esp__fft){size, malloc(half * sizeof(double)), malloc(half * sizeof(double)),
                  malloc(half * sizeof(uint32_t))};
  if (!f->cosine || !f->sine || !f->reversed) {
    esp__fft_free(f);
    return esp_fail(err, ESP_ERR_MEMORY, "no memory for a Fourier transform");
  }
  for (size_t k = 0; k < half; k++) {
    f->cosine[k] = esp__cos(2.0 * pi * (double)k / size);
    f->sine[k] = esp__cos(2.0 * pi * (double)k / size - pi / 2.0);
    f->reversed[k] = reverse((uint32_t)k, size / 2);
  }
  return ESP_OK;
}

void esp__fft_free(esp__fft *f) {
  free(f->cosine);
  free(f->sine);
  free(f->reversed);
  *f = (esp__fft){0};
}

/* A complex transform of half the size, in place, of numbers in reversed order: butterflies of
 * spans 2, 4, 8, ... */
static void transform(const esp__fft *f, double *re, double *im) {
  const int half = f->size / 2;
  for (int span = 2; span <= half; span *= 2)
    for (int first = 0; first < half; first += span)
      for (int k = 0; k < span / 2; k++) {
        const int a = first + k, b = a + span / 2, w = k * (f->size / span);
        const double c = f->cosine[w], s = f->sine[w];
        const double x = c * re[b] + s * im[b], y = c * im[b] - s * re[b];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
}

/* Even samples are the real parts of a transform of half the size, odd ones the imaginary parts.
 * Its values k and half - k together give those two spectra, and X_k = even + e^(-2 pi i k / size)
 * odd. */
void esp__fft_power(const esp__fft *f, const double *x, double *work, double *power) {
  const int half = f->size / 2;
  double *re = work, *im = work + half;
  for (int k = 0; k < half; k++) {
    re[k] = x[2 * f->reversed[k]];
    im[k] = x[2 * f->reversed[k] + 1];
  }
  transform(f, re, im);
  for (int k = 0; k < half; k++) {
    const int other = k ? half - k : 0;
    const double even_re = 0.5 * (re[k] + re[other]), even_im = 0.5 * (im[k] - im[other]),
                 odd_re = 0.5 * (im[k] + im[other]), odd_im = -0.5 * (re[k] - re[other]);
    const double c = f->cosine[k], s = f->sine[k];
    const double a = even_re + c * odd_re + s * odd_im, b = even_im + c * odd_im - s * odd_re;
    power[k] = a * a + b * b;
  }
  power[half] = (re[0] - im[0]) * (re[0] - im[0]);
}
