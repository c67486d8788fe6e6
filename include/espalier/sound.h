/* Sounds, as a network sees them: the logarithm of the energy in bands of frequencies, over time.
 * How they come out of files is data.h's; a predictor takes samples (predict.h). */
#ifndef ESP_SOUND_H
#define ESP_SOUND_H

#include <espalier/linkage.h>

#include <stdint.h>

ESP_BEGIN_DECLS

/* The keys of [data] that are for sounds. */
typedef struct esp_audio_options {
  int64_t rate;       /* samples a second that sounds are brought to */
  double seconds;     /* of a sound; others are cut or filled up */
  double window, hop; /* milliseconds of a frame, and between two */
  int64_t bands;      /* features of a frame */
  char *layout;       /* picture | sequence */
  double shift;       /* milliseconds that the word `shift` of augment moves by, at most */
  double noise;       /* deviation of what its word `noise` adds, at most; full scale is 1 */
} esp_audio_options;

/* How features are made by them. */
typedef struct esp_spectrum esp_spectrum;

ESP_END_DECLS

#endif
