/* The power spectrum of real samples, by a fast Fourier transform (Cooley and Tukey 1965) of our
 * own: libraries choose their plans by the machine, and with them the rounding; these bits depend
 * on the samples alone. */
#ifndef ESP_SOUND_FFT_H
#define ESP_SOUND_FFT_H

#include <espalier/status.h>

#include <stdint.h>

typedef struct esp__fft {
  int size;              /* samples: a power of 2, at least 4 */
  double *cosine, *sine; /* [size / 2] of 2 pi k / size */
  uint32_t *reversed;    /* [size / 2]: the bits of k, the last one first */
} esp__fft;

esp_status esp__fft_make(esp__fft *f, int size, esp_error *err);
void esp__fft_free(esp__fft *f);
/* power[k] = |X_k|^2, k = 0 to size / 2, of x[size]. work[size] is scratch. */
void esp__fft_power(const esp__fft *f, const double *x, double *work, double *power);

#endif
