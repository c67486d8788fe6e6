/* Packed files: what loads is packed and loads again. */
#include "packed.h"

#include <espalier/pack.h>

#include <stdlib.h>

static void again(const esp_bundle *b) {
  esp_bundle copy;
  esp_error err;
  uint8_t *packed;
  size_t bytes;
  fuzz_need(esp_pack_encode(b, &packed, &bytes, &err) == ESP_OK, "what was loaded can be packed");
  fuzz_need(esp_pack_decode(&copy, "again", packed, bytes, &err) == ESP_OK, "and loaded again");
  fuzz_need(copy.blobs == b->blobs && copy.texts == b->texts, "with all that was in it");
  esp_bundle_free(&copy);
  free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_bundle b;
  esp_error err;
  size_t size;
  uint8_t *file = fuzz_packed(data, bytes, &size);
  if (esp_pack_decode(&b, "file", file, size, &err) == ESP_OK) {
    again(&b);
    esp_bundle_free(&b);
  }
  free(file);
  return 0;
}
