/* Networks of sounds: from samples to features, for a whole sound or frame by frame. */
#include "predict/sounds.h"

#include "sound/spectrum.h"

#include <stdlib.h>
#include <string.h>

/* ---- the keys ---- */

static const struct {
  const char *name;
  double usual, least, most;
} keys[ESP_SOUND_KEYS] = {
    [ESP_SOUND_RATE] = {"rate", 16000.0, ESP_RATE_MIN, ESP_RATE_MAX},
    [ESP_SOUND_SECONDS] = {"seconds", 1.0, 0.01, 60.0},
    [ESP_SOUND_WINDOW] = {"window", 40.0, 1.0, 1000.0},
    [ESP_SOUND_HOP] = {"hop", 20.0, 1.0, 1000.0},
    [ESP_SOUND_BANDS] = {"bands", 40.0, 1.0, ESP_BANDS_MAX},
};

void esp__sound_keys_begin(esp__sound_keys *k) {
  *k = (esp__sound_keys){.audio = false};
  for (int i = 0; i < ESP_SOUND_KEYS; i++) k->value[i] = keys[i].usual;
}

void esp__sound_keys_take(esp__sound_keys *k, const char *key, const char *value) {
  if (strcmp(key, "dataset") == 0) k->audio = strcmp(value, "audio") == 0;
  if (strcmp(key, "layout") == 0) k->sequence = strcmp(value, "sequence") == 0;
  for (int i = 0; i < ESP_SOUND_KEYS; i++)
    if (strcmp(key, keys[i].name) == 0) k->value[i] = strtod(value, NULL);
}

static esp_status check(const esp__sound_keys *k, const char *path, esp_error *err) {
  for (int i = 0; i < ESP_SOUND_KEYS; i++)
    if (!(k->value[i] >= keys[i].least && k->value[i] <= keys[i].most))
      return esp_fail(err, ESP_ERR_INPUT, "%s: [data] %s = %g: expected %g to %g", path,
                      keys[i].name, k->value[i], keys[i].least, keys[i].most);
  return ESP_OK;
}

esp_status esp__network_hear(esp_network *n, const esp__sound_keys *k, const char *path,
                             esp_error *err) {
  static char picture[] = "picture", sequence[] = "sequence";
  if (!k->audio) return ESP_OK;
  ESP_TRY(check(k, path, err));
  const esp_audio_options options = {.rate = (int64_t)k->value[ESP_SOUND_RATE],
                                     .seconds = k->value[ESP_SOUND_SECONDS],
                                     .window = k->value[ESP_SOUND_WINDOW],
                                     .hop = k->value[ESP_SOUND_HOP],
                                     .bands = (int64_t)k->value[ESP_SOUND_BANDS],
                                     .layout = k->sequence ? sequence : picture};
  ESP_TRY(esp__spectrum_new(&n->spectrum, &options, err));
  if (esp_shape_same(esp__spectrum_shape(n->spectrum), n->input)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: [data] a sound has %d frames of %d bands, and the network takes another "
                  "shape",
                  path, n->spectrum->frames, n->spectrum->bands);
}

esp_hearing esp_network_hearing(const esp_network *n) {
  const esp_spectrum *s = n->spectrum;
  return s ? (esp_hearing){s->rate, s->samples, s->window, s->hop, s->frames} : (esp_hearing){0};
}

/* ---- what a predictor has for them ---- */

static size_t features_of(const esp_spectrum *s) {
  return (size_t)s->frames * (size_t)s->bands;
}

esp_status esp__hearer_open(esp__hearer *h, const esp_spectrum *s, esp_error *err) {
  if (!s) return ESP_OK;
  h->features = malloc(features_of(s) * sizeof *h->features);
  h->frame = malloc((size_t)s->window * sizeof *h->frame);
  h->scratch = malloc(esp__spectrum_scratch(s) * sizeof *h->scratch);
  if (!h->features || !h->frame || !h->scratch)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a predictor");
  for (size_t i = 0; i < features_of(s); i++) h->features[i] = (float)esp__silence;
  return ESP_OK;
}

void esp__hearer_close(esp__hearer *h) {
  free(h->features);
  free(h->frame);
  free(h->scratch);
}

size_t esp__hearer_bytes(const esp_spectrum *s) {
  return s ? features_of(s) * sizeof(float) + (size_t)s->window * sizeof(float) +
                 esp__spectrum_scratch(s) * sizeof(double)
           : 0;
}

/* The features of a frame become those of frame t. */
static void hear(const esp_spectrum *s, const esp__hearer *h, const int16_t *samples, int t) {
  float features[ESP_BANDS_MAX];
  for (int i = 0; i < s->window; i++) h->frame[i] = (float)samples[i] / 32768.0f;
  esp__spectrum_frame(s, h->frame, h->scratch, features);
  for (int b = 0; b < s->bands; b++) h->features[esp__feature_at(s, t, b)] = features[b];
}

/* The oldest frame is gone, and there is room behind the others. In a sequence each band loses its
 * first: the last ones are then written anew. */
static void forget(const esp_spectrum *s, float *features) {
  const size_t step = s->sequence ? 1 : (size_t)s->bands;
  memmove(features, features + step, (features_of(s) - step) * sizeof *features);
}

void esp__hear_sound(const esp_spectrum *s, const esp__hearer *h, const int16_t *samples) {
  for (int t = 0; t < s->frames; t++) hear(s, h, samples + t * s->hop, t);
}

void esp__hear_frame(const esp_spectrum *s, const esp__hearer *h, const int16_t *samples) {
  forget(s, h->features);
  hear(s, h, samples, s->frames - 1);
}
