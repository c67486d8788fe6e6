/* INI files. What parses is written out as text that parses to the same text. */
#include "fuzz.h"

#include <espalier/config.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_config config;
  esp_error err;
  char *first, *second;
  if (esp_config_load(&config, fuzz_file(data, bytes), 0, NULL, &err) != ESP_OK) return 0;
  fuzz_need(esp_config_text(&config, &first, &err) == ESP_OK, "a configuration has a text");
  esp_config_free(&config);
  fuzz_need(esp_config_parse(&config, "text", first, 0, NULL, &err) == ESP_OK, "its text parses");
  fuzz_need(esp_config_text(&config, &second, &err) == ESP_OK, "and has a text again");
  fuzz_need(strcmp(first, second) == 0, "which is the same");
  esp_config_free(&config);
  free(first);
  free(second);
  return 0;
}
