#include "base/text.h"
#include "config/sections.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

esp_status esp_config_text(const esp_config *config, char **text, esp_error *err) {
  esp__text t;
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  ESP_TRY(esp__text_begin(&t, "a configuration", err));
  for (const esp_section *s = esp_sections; s->name; s++) {
    fprintf(t.out, "%s[%s]\n", s == esp_sections ? "" : "\n", s->name);
    const size_t keys = esp_config_keys(s, key);
    for (size_t i = 0; i < keys; i++) {
      const void *options = esp_config_key_options(config, &key[i]);
      if (options) esp__value_print(key[i].option, options, t.out);
    }
  }
  ESP_TRY(esp__text_end(&t, err));
  *text = t.data;
  return ESP_OK;
}

/* Whatever says what the images are, and what else decides results; not where anything lies on this
 * machine, the network, nor what [compress] made of its weights, which shows in them. */
static bool is_brief(const esp_section *s, const esp_option *o) {
  if (o->type == ESP_OPTION_PATH || s->table == esp_compress_option_table) return false;
  if (s->table == esp_data_option_table) return true;
  const bool network = strcmp(o->name, "arch") == 0 || strcmp(o->name, "layers") == 0;
  return !o->neutral && !(s->table == esp_model_option_table && network);
}

static esp_status print_brief(FILE *out, const esp_section *s, const esp_config *c,
                              esp_error *err) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(s, key);
  bool begun = false, same = true;
  for (size_t i = 0; i < keys; i++) {
    const void *options = esp_config_key_options(c, &key[i]);
    if (!options || !is_brief(s, key[i].option)) continue;
    ESP_TRY(esp__value_is_default(key[i].option, options, &same, err));
    if (same) continue;
    if (!begun) fprintf(out, "[%s]\n", s->name);
    begun = true;
    esp__value_print(key[i].option, options, out);
  }
  return ESP_OK;
}

esp_status esp_config_brief_text(const esp_config *config, char **text, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "a configuration", err));
  for (const esp_section *s = esp_sections; s->name; s++) {
    const esp_status status = print_brief(t.out, s, config, err);
    if (status == ESP_OK) continue;
    esp__text_drop(&t);
    return status;
  }
  ESP_TRY(esp__text_end(&t, err));
  *text = t.data;
  return ESP_OK;
}
