/* From sounds to features: the logarithm of the energy in bands of frequencies, over time. */
#ifndef ESP_SOUND_SPECTRUM_H
#define ESP_SOUND_SPECTRUM_H

#include "sound/fft.h"

#include <espalier/graph.h>
#include <espalier/sound.h>

#include <stdbool.h>
#include <stddef.h>

enum { ESP_RATE_MIN = 1000, ESP_RATE_MAX = 192000 }; /* samples a second */
enum { ESP_BANDS_MAX = 64, ESP_FRAMES_MAX = 4096 };

/* How features are made. A band is a triangle on the mel scale of HTK (O'Shaughnessy 1987),
 * mel(f) = 2595 log10(1 + f / 700), which reaches to the middles of its neighbours; the bands share
 * 20 Hz to half of the rate. A feature is log(1e-3 + energy), the energy being the sum of |X|^2 of
 * the frame's samples under a Hann window, weighted by the triangle. */
struct esp_spectrum {
  int rate;                         /* samples a second */
  int samples, window, hop, frames; /* of a sound; of a frame; between two frames */
  int bands;
  bool sequence; /* bands are channels; else [frames][bands] is a picture */
  esp__fft fft;
  double *hann;      /* [window] */
  int *first, *bins; /* [bands]: frequencies under the triangle */
  double *weight;    /* of those of all bands, one behind the other */
  /* [bands], of white noise of variance 1: the mean of the energy, and how many values of |X|^2
   * that are independent its spread amounts to */
  double *noise_energy, *noise_values;
};

/* The feature of silence: log(1e-3), 74 dB below a tone of full scale in a frame of 40 ms at 16
 * kHz. */
extern const double esp__silence;

esp_status esp__spectrum_new(esp_spectrum **s, const esp_audio_options *opt, esp_error *err);
void esp__spectrum_free(esp_spectrum *s);
esp_shape esp__spectrum_shape(const esp_spectrum *s);
/* Doubles of scratch memory that a frame needs. */
size_t esp__spectrum_scratch(const esp_spectrum *s);
/* The features of a frame, [bands], of its samples, [window], full scale being 1. */
void esp__spectrum_frame(const esp_spectrum *s, const float *sample, double *scratch,
                         float *features);
/* Those of a sound at the spectrum's rate, in its shape: the middle of a longer one, a shorter one
 * amid silence. `frame` has room for a frame's samples. */
void esp__spectrum_features(const esp_spectrum *s, const float *sample, size_t samples,
                            float *frame, double *scratch, float *features);
/* Where a feature stands. */
static inline size_t esp__feature_at(const esp_spectrum *s, int frame, int band) {
  return s->sequence ? (size_t)band * (size_t)s->frames + (size_t)frame
                     : (size_t)frame * (size_t)s->bands + (size_t)band;
}

#endif
