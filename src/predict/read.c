/* A network from a file of weights. */
#include "predict/network.h"

#include "nn/integers.h"
#include "predict/sounds.h"
#include "tensor/blobs.h"
#include "tensor/param.h"

#include <espalier/pack.h>

#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 256, CLASSES = 65536 };

/* What the configuration in a file says of images and arithmetic. */
typedef struct settings {
  float mean[CHANNELS], deviation[CHANNELS];
  int means, deviations;
  float target_mean[CHANNELS], target_deviation[CHANNELS];
  int target_means, target_deviations;
  esp__sound_keys sound;
  bool direct;
} settings;

static void take_numbers(float *to, int *count, const char *text) {
  char *end;
  for (double v; *count < CHANNELS && (v = strtod(text, &end), end != text); text = end)
    to[(*count)++] = (float)v;
}

/* A value that goes on in another line comes piece by piece. */
static int take_key(void *user, const char *section, const char *key, const char *value) {
  settings *s = user;
  if (strcmp(section, "data") == 0 && strcmp(key, "mean") == 0)
    take_numbers(s->mean, &s->means, value);
  if (strcmp(section, "data") == 0 && strcmp(key, "std") == 0)
    take_numbers(s->deviation, &s->deviations, value);
  if (strcmp(section, "data") == 0 && strcmp(key, "target_mean") == 0)
    take_numbers(s->target_mean, &s->target_means, value);
  if (strcmp(section, "data") == 0 && strcmp(key, "target_std") == 0)
    take_numbers(s->target_deviation, &s->target_deviations, value);
  if (strcmp(section, "data") == 0) esp__sound_keys_take(&s->sound, key, value);
  if (strcmp(section, "model") == 0 && strcmp(key, "convolution") == 0)
    s->direct = strcmp(value, "direct") == 0;
  return 1;
}

/* Tokens are not normalised. */
static esp_status read_settings(settings *s, const char *text, esp_shape input, const char *path,
                                esp_error *err) {
  const int channels = input.vocabulary ? 0 : input.channels;
  *s = (settings){.means = 0};
  esp__sound_keys_begin(&s->sound);
  ini_parse_string(text, take_key, s);
  for (int i = 0; i < s->deviations; i++)
    if (!(s->deviation[i] > 0.0f))
      return esp_fail(err, ESP_ERR_INPUT, "%s: [data] std: expected numbers above 0", path);
  if (channels <= CHANNELS && s->means == channels && s->deviations == channels) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: [data] mean and std have %d and %d numbers; expected %d, one a channel",
                  path, s->means, s->deviations, channels);
}

/* A network without such numbers tells classes apart. */
static esp_status take_targets(esp_network *n, const settings *s, const char *path,
                               esp_error *err) {
  const int targets = s->target_means;
  if (targets != s->target_deviations || targets > ESP_TARGETS_MAX ||
      (targets > 0 && targets != n->classes))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: [data] target_mean and target_std have %d and %d numbers; expected none, or "
        "one for each of %d outputs, of which there are %d at most",
        path, targets, s->target_deviations, n->classes, ESP_TARGETS_MAX);
  n->targets.count = targets;
  for (int t = 0; t < targets; t++) {
    n->targets.mean[t] = (double)s->target_mean[t];
    n->targets.std[t] = (double)s->target_deviation[t];
  }
  return ESP_OK;
}

static esp_status text_of(const esp_bundle *b, const char *path, const char *key, const char **text,
                          esp_error *err) {
  *text = esp_bundle_text(b, key);
  if (*text) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: no '%s' in its metadata: expected a file that Espalier wrote", path, key);
}

static esp_status count_classes(const char *text, const char *path, int *classes, esp_error *err) {
  *classes = 0;
  for (const char *c = text; *c && *classes <= CLASSES; c++) *classes += *c == '\n';
  if (*classes >= 1 && *classes <= CLASSES) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: the list of classes has %d entries", path, *classes);
}

static esp_status name_classes(esp_network *n, const char *text, esp_error *err) {
  n->class_name = calloc((size_t)n->classes, sizeof *n->class_name);
  if (!n->class_name) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for names of classes");
  for (int i = 0; i < n->classes; i++) {
    const size_t length = strcspn(text, "\n");
    n->class_name[i] = strndup(text, length);
    if (!n->class_name[i]) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a class name");
    text += length + 1;
  }
  return ESP_OK;
}

/* The parameters that the operations describe get their numbers. */
static esp_status read_params(esp_params *ps, const esp_bundle *b, const char *path,
                              esp_error *err) {
  for (int i = 0; i < ps->count; i++) {
    esp_param *p = ps->item[i];
    p->value = malloc(p->count * sizeof *p->value);
    if (!p->value)
      return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for '%s'", path, p->name);
    ESP_TRY(esp__blob_read(b, path, "", p, ESP_F32, p->value, err));
  }
  return esp__params_check(ps, path, err);
}

/* Between the file and the network: what is freed when that is built. */
typedef struct opening {
  const char *path;
  esp_bundle bundle;
  esp_model model;
  esp__operations ops;
  settings settings;
} opening;

static esp_status describe(opening *o, esp_error *err) {
  const char *layers, *input, *classes, *config;
  ESP_TRY(text_of(&o->bundle, o->path, "espalier.layers", &layers, err));
  ESP_TRY(text_of(&o->bundle, o->path, "espalier.input", &input, err));
  ESP_TRY(text_of(&o->bundle, o->path, "espalier.classes", &classes, err));
  ESP_TRY(text_of(&o->bundle, o->path, "espalier.config", &config, err));
  ESP_TRY(esp_shape_parse(input, &o->model.input, err));
  ESP_TRY(count_classes(classes, o->path, &o->model.classes, err));
  ESP_TRY(read_settings(&o->settings, config, o->model.input, o->path, err));
  o->model.direct = o->settings.direct;
  return esp__program_parse(&o->model.program, "layers", layers, o->model.classes, err);
}

static esp_status build(opening *o, esp_network **network, esp_error *err) {
  const esp__pixel_line line = {o->settings.mean, o->settings.deviation};
  esp_network *n;
  ESP_TRY(esp_weights_bundle_load(&o->bundle, o->path, err));
  ESP_TRY(describe(o, err));
  ESP_TRY(esp__operations_describe(&o->model, err));
  ESP_TRY(read_params(&o->model.params, &o->bundle, o->path, err));
  ESP_TRY(esp__operations_list(&o->ops, &o->model, err));
  ESP_TRY(esp__network_of(&n, &o->model, &o->ops, &line, err));
  esp_status status = name_classes(n, esp_bundle_text(&o->bundle, "espalier.classes"), err);
  if (status == ESP_OK) status = take_targets(n, &o->settings, o->path, err);
  if (status == ESP_OK) status = esp__network_hear(n, &o->settings.sound, o->path, err);
  if (status == ESP_OK)
    *network = n;
  else
    esp_network_free(n);
  return status;
}

static void close_opening(opening *o) {
  esp__operations_free(&o->ops);
  esp_params_free(&o->model.params);
  esp__twins_free(&o->model);
  esp__program_free(o->model.program);
  free(o->model.layer);
  free(o->model.block);
  esp_bundle_free(&o->bundle);
}

esp_status esp_network_open(esp_network **network, const char *path, esp_error *err) {
  opening o = {.path = path};
  *network = NULL;
  const esp_status status = build(&o, network, err);
  close_opening(&o);
  return status;
}
