#include "config/fingerprint.h"

#include "base/text_stream.h"
#include "config/stages.h"
#include "config/value.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>

esp_status esp__config_fingerprint(const esp_config *c, esp__fingerprint_part part, char hex[65],
                                   esp_error *err) {
  char *text = NULL;
  size_t bytes;
  FILE *out = esp__text_stream(&text, &bytes);
  if (!out) return esp_fail(err, ESP_ERR_MEMORY, "configuration: out of memory");
  for (const esp_section *s = esp_sections; s->name; s++) {
    if (part == ESP_FINGERPRINT_DENSE && s->table == esp_prune_option_table) continue;
    fprintf(out, "[%s]\n", s->name);
    for (const esp_option *o = s->table; o->name; o++)
      if (!o->neutral) esp__value_print(o, (const char *)c + s->offset, out);
  }
  const bool failed = ferror(out);
  if (fclose(out) != 0 || failed) {
    free(text);
    return esp_fail(err, ESP_ERR_MEMORY, "configuration: out of memory");
  }
  esp_sha256 s;
  esp_sha256_start(&s);
  esp_sha256_add(&s, text, bytes);
  esp_sha256_end(&s, hex);
  free(text);
  return ESP_OK;
}

bool esp__key_is_source(const char *key) {
  return strcmp(key, "data.path") == 0 || strcmp(key, "model.weights") == 0;
}

bool esp__same_sources(const esp_config *a, const esp_config *b) {
  return strcmp(a->data.path, b->data.path) == 0 && strcmp(a->model.weights, b->model.weights) == 0;
}

esp_status esp__dense_runs(const esp_config *const *run, const bool *has_dense, int runs,
                           int *dense, esp_error *err) {
  char(*recipe)[65] = calloc((size_t)runs + 1, sizeof *recipe);
  if (!recipe)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the recipes of %d runs", runs);
  esp_status status = ESP_OK;
  for (int i = 0; i < runs && status == ESP_OK; i++)
    status = esp__config_fingerprint(run[i], ESP_FINGERPRINT_DENSE, recipe[i], err);
  for (int i = 0; i < runs; i++) {
    dense[i] = has_dense[i] ? i : -1;
    for (int k = 0; k < runs && dense[i] < 0; k++)
      if (has_dense[k] && strcmp(recipe[i], recipe[k]) == 0 && esp__same_sources(run[i], run[k]) &&
          esp__has_plain_dense_stage(run[k]))
        dense[i] = k;
  }
  free(recipe);
  return status;
}
