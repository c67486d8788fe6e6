#include "base/text.h"
#include "config/sections.h"
#include "config/value.h"

#include <stdlib.h>

esp_status esp_config_text(const esp_config *config, char **text, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "a configuration", err));
  for (const esp_section *s = esp_sections; s->name; s++) {
    fprintf(t.out, "%s[%s]\n", s == esp_sections ? "" : "\n", s->name);
    for (const esp_option *o = s->table; o->name; o++)
      esp__value_print(o, (const char *)config + s->offset, t.out);
  }
  ESP_TRY(esp__text_end(&t, err));
  *text = t.data;
  return ESP_OK;
}
