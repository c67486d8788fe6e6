/* Values of keys: the first two bytes choose the key. What is accepted is printed as text that is
 * accepted again. */
#include "base/value.h"
#include "fuzz.h"

#include <espalier/config.h>

#include <stdlib.h>
#include <string.h>

static const esp_option *option_at(size_t i, const esp_section **section) {
  for (const esp_section *s = esp_sections; s->name; s++)
    for (const esp_option *o = s->table; o->name; o++, i--)
      if (i == 0) return *section = s, o;
  return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  const esp_section *section = NULL;
  esp_error err;
  esp_config config = {0}, again = {0};
  size_t options = 0;
  if (bytes < 2) return 0;
  while (option_at(options, &section)) options++;
  const esp_option *o = option_at((size_t)(data[0] | data[1] << 8) % options, &section);
  char *text = fuzz_text(data + 2, bytes - 2);
  if (esp__value_set(o, (char *)&config + section->offset, text, "here", &err) == ESP_OK) {
    char *printed = esp__value_text(o, (char *)&config + section->offset);
    fuzz_need(printed != NULL, "a value has a text");
    fuzz_need(esp__value_set(o, (char *)&again + section->offset, printed, "here", &err) == ESP_OK,
              "which is accepted");
    esp__value_free(o, (char *)&again + section->offset);
    free(printed);
  }
  esp__value_free(o, (char *)&config + section->offset);
  free(text);
  return 0;
}
