/* Networks of sounds. */
#ifndef ESP_PREDICT_SOUNDS_H
#define ESP_PREDICT_SOUNDS_H

#include "predict/network.h"

#include <espalier/sound.h>

/* What [data] in a file says of sounds. */
enum {
  ESP_SOUND_RATE,
  ESP_SOUND_SECONDS,
  ESP_SOUND_WINDOW,
  ESP_SOUND_HOP,
  ESP_SOUND_BANDS,
  ESP_SOUND_KEYS
};
typedef struct esp__sound_keys {
  bool audio, sequence;
  double value[ESP_SOUND_KEYS];
} esp__sound_keys;

/* As they are where the file says nothing. */
void esp__sound_keys_begin(esp__sound_keys *k);
void esp__sound_keys_take(esp__sound_keys *k, const char *key, const char *value);
/* Gives the network its spectrum; nothing where it is not of sounds. Errors: numbers out of range,
 * or of another shape than the network's input. */
esp_status esp__network_hear(esp_network *n, const esp__sound_keys *k, const char *path,
                             esp_error *err);

/* What a predictor of sounds keeps; nothing where there is no spectrum. */
typedef struct esp__hearer {
  float *features; /* of the last frames, in the network's shape */
  float *frame;    /* samples of one */
  double *scratch;
} esp__hearer;
esp_status esp__hearer_open(esp__hearer *h, const esp_spectrum *s, esp_error *err);
void esp__hearer_close(esp__hearer *h);
size_t esp__hearer_bytes(const esp_spectrum *s);
/* Its features become those of a sound; or of the last frames of a stream, `samples` being those of
 * the newest. */
void esp__hear_sound(const esp_spectrum *s, const esp__hearer *h, const int16_t *samples);
void esp__hear_frame(const esp_spectrum *s, const esp__hearer *h, const int16_t *samples);

#endif
