/* Safetensors files: what loads is saved and loads again. */
#include "fuzz.h"

#include <espalier/file.h>

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_bundle b;
  esp_error err;
  char path[128];
  if (esp_bundle_load(&b, fuzz_file(data, bytes), &err) != ESP_OK) return 0;
  for (int i = 0; i < b.blobs; i++)
    if (b.blob[i].dtype == ESP_OTHER) return esp_bundle_free(&b), 0; /* which is only read */
  snprintf(path, sizeof path, "%s/again", fuzz_folder());
  const esp_status saved = esp_bundle_save(&b, path, &err);
  esp_bundle_free(&b);
  fuzz_need(saved == ESP_OK, "what was loaded can be saved");
  fuzz_need(esp_bundle_load(&b, path, &err) == ESP_OK, "and loaded again");
  esp_bundle_free(&b);
  return 0;
}
