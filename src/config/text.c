#include "base/text_stream.h"
#include "config/sections.h"
#include "config/value.h"

#include <stdlib.h>

esp_status esp_config_text(const esp_config *config, char **text, esp_error *err) {
  size_t bytes;
  char *written = NULL;
  FILE *out = esp__text_stream(&written, &bytes);
  if (!out) return esp_fail(err, ESP_ERR_MEMORY, "configuration: out of memory");
  for (const esp_section *s = esp_sections; s->name; s++) {
    fprintf(out, "%s[%s]\n", s == esp_sections ? "" : "\n", s->name);
    for (const esp_option *o = s->table; o->name; o++)
      esp__value_print(o, (const char *)config + s->offset, out);
  }
  int failed = ferror(out);
  if (fclose(out) != 0 || failed) {
    free(written);
    return esp_fail(err, ESP_ERR_MEMORY, "configuration: out of memory");
  }
  *text = written;
  return ESP_OK;
}
