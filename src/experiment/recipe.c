#include "experiment/recipe.h"

#include "experiment/value.h"

#include <espalier/file.h>

#include <stdlib.h>

esp_status esp_recipe(const esp_config *c, esp_recipe_part part, char hex[65], esp_error *err) {
  char *text = NULL;
  size_t bytes;
  FILE *out = open_memstream(&text, &bytes);
  if (!out) return esp_fail(err, ESP_ERR_MEMORY, "configuration: out of memory");
  for (const esp_section *s = esp_sections; s->name; s++) {
    if (part == ESP_RECIPE_DENSE && s->table == esp_prune_option_table) continue;
    fprintf(out, "[%s]\n", s->name);
    for (const esp_option *o = s->table; o->name; o++)
      if (!o->neutral) esp_value_print(o, (const char *)c + s->offset, out);
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
