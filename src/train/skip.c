#include "train/skip.h"

#include "base/pattern.h"

#include <string.h>

static void layer_of(const esp_param *p, char name[ESP_NAME_MAX]) {
  const char *dot = strrchr(p->name, '.');
  snprintf(name, ESP_NAME_MAX, "%.*s", dot ? (int)(dot - p->name) : ESP_NAME_MAX - 1, p->name);
}

static bool is_word(const char *word, size_t length, const char *text) {
  return strlen(text) == length && memcmp(word, text, length) == 0;
}

static bool matches(const esp_model *m, const char *word, size_t length, const esp_param *p) {
  char layer[ESP_NAME_MAX], end[ESP_NAME_MAX];
  layer_of(p, layer);
  const bool first = is_word(word, length, "first"), last = is_word(word, length, "last");
  if ((!first && !last) || m->layers == 0) return esp__pattern_matches(word, length, layer);
  layer_of(m->layer[first ? 0 : m->layers - 1].weight, end);
  return strcmp(layer, end) == 0;
}

bool esp__is_skipped(const esp_model *m, const char *skip, const esp_param *p) {
  bool found = false;
  for (size_t length; *skip && !found; skip += length + (skip[length] == ' ')) {
    length = strcspn(skip, " ");
    found = length > 0 && matches(m, skip, length, p);
  }
  return found;
}

esp_status esp__skip_check(const esp_model *m, const char *skip, esp_error *err) {
  for (size_t length; *skip; skip += length + (skip[length] == ' ')) {
    length = strcspn(skip, " ");
    bool found = length == 0;
    for (int i = 0; i < m->params.count && !found; i++)
      found = matches(m, skip, length, m->params.item[i]);
    if (!found)
      return esp_fail(err, ESP_ERR_INPUT,
                      "[model] weights_skip:1: '%.*s' matches no layer of the network", (int)length,
                      skip);
  }
  return ESP_OK;
}
