/* Sounds at another rate. */
#ifndef ESP_DATA_RESAMPLE_H
#define ESP_DATA_RESAMPLE_H

#include "data/wav.h"

#include <stdbool.h>
#include <stdint.h>

/* The weights between two rates, which are kept from sound to sound. Begins as {0}; for one thread
 * at a time. Between two samples of the source there are so many places, phases, where one of the
 * result can lie; each has its own weights of the samples around it. */
typedef struct esp__resampler {
  int from, to;
  uint64_t phases, step; /* reduced: result i lies at i * step / phases */
  int half;              /* weights to either side */
  double cutoff;         /* of half the source's rate */
  double *weight;        /* [phases][2 half] */
  bool *made;            /* [phases]: its weights are there */
} esp__resampler;

/* Replaces the samples by those at `rate`, 1000 to 192000 a second: a band-limited interpolation
 * (Smith and Gossett 1984) by a sinc of 32 zero crossings to either side under a Kaiser window. The
 * frequencies that the lower of the two rates cannot hold are gone (by more than 70 dB), those
 * below 0.8 of them are as they were. What lies before and behind the sound is silence. */
esp_status esp__resample(esp__resampler *r, esp__sound *sound, int rate, esp_error *err);
void esp__resampler_free(esp__resampler *r);

#endif
