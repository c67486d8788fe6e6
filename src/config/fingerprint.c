#include "config/fingerprint.h"

#include "base/text.h"
#include "config/stages.h"
#include "base/value.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>

/* [compress] without steps says nothing: a configuration of before there was one hashes alike. */
static bool takes_part(const esp_config *c, const esp_section *s, esp__fingerprint_part part) {
  if (s->table == esp_prune_option_table) return part != ESP_FINGERPRINT_DENSE;
  if (s->table == esp_compress_option_table)
    return part == ESP_FINGERPRINT_ALL && esp_compress_steps(&c->compress) > 0;
  return true;
}

esp_status esp__config_fingerprint(const esp_config *c, esp__fingerprint_part part, char hex[65],
                                   esp_error *err) {
  esp__text t;
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  ESP_TRY(esp__text_begin(&t, "a configuration", err));
  for (const esp_section *s = esp_sections; s->name; s++) {
    if (!takes_part(c, s, part)) continue;
    fprintf(t.out, "[%s]\n", s->name);
    const size_t keys = esp_config_keys(s, key);
    for (size_t i = 0; i < keys; i++) {
      const void *options = esp_config_key_options(c, &key[i]);
      if (options && !key[i].option->neutral) esp__value_print(key[i].option, options, t.out);
    }
  }
  ESP_TRY(esp__text_end(&t, err));
  esp_sha256 s;
  esp_sha256_start(&s);
  esp_sha256_add(&s, t.data, t.bytes);
  esp_sha256_end(&s, hex);
  esp__text_drop(&t);
  return ESP_OK;
}

/* Adds a key whose values are not the same. */
static void add_difference(const esp_section *s, const esp_option *o, const void *there,
                           const void *here, char text[512]) {
  char *a = esp__value_text(o, there), *b = esp__value_text(o, here);
  const size_t used = strlen(text);
  if (a && b && strcmp(a, b) != 0)
    snprintf(text + used, 512 - used, "%s[%s] %s = %.60s, not %.60s", used ? "; " : "", s->name,
             o->name, a, b);
  free(a);
  free(b);
}

void esp__config_differences(const esp_config *there, const esp_config *here,
                             esp__fingerprint_part part, char text[512]) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  *text = '\0';
  for (const esp_section *s = esp_sections; s->name; s++) {
    if (!takes_part(there, s, part) && !takes_part(here, s, part)) continue;
    const size_t keys = esp_config_keys(s, key);
    for (size_t i = 0; i < keys; i++) {
      const void *a = esp_config_key_options(there, &key[i]),
                 *b = esp_config_key_options(here, &key[i]);
      if (a && b && !key[i].option->neutral) add_difference(s, key[i].option, a, b, text);
    }
  }
}

bool esp__key_is_source(const char *key) {
  return strcmp(key, "data.path") == 0 || strcmp(key, "model.weights") == 0 ||
         strcmp(key, "model.weight_names") == 0;
}

bool esp__same_weights(const esp_config *a, const esp_config *b) {
  return strcmp(a->model.weights, b->model.weights) == 0 &&
         strcmp(a->model.weight_names, b->model.weight_names) == 0;
}

bool esp__same_sources(const esp_config *a, const esp_config *b) {
  return strcmp(a->data.path, b->data.path) == 0 && esp__same_weights(a, b);
}

esp_status esp__dense_runs(const esp_config *const *run, const bool *has_dense, int runs,
                           int *dense, esp_error *err) {
  char(*print)[65] = calloc((size_t)runs + 1, sizeof *print);
  if (!print)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the fingerprints of %d runs", runs);
  esp_status status = ESP_OK;
  for (int i = 0; i < runs && status == ESP_OK; i++)
    status = esp__config_fingerprint(run[i], ESP_FINGERPRINT_DENSE, print[i], err);
  for (int i = 0; i < runs; i++) {
    dense[i] = has_dense[i] ? i : -1;
    for (int k = 0; k < runs && dense[i] < 0; k++)
      if (has_dense[k] && strcmp(print[i], print[k]) == 0 && esp__same_sources(run[i], run[k]) &&
          esp__has_plain_dense_stage(run[k]))
        dense[i] = k;
  }
  free(print);
  return status;
}
