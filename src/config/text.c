#include "base/text.h"
#include "config/sections.h"
#include "base/value.h"

#include <stdlib.h>

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
