/* Packed files: the frame is made right, so that what is behind the checksum is read; what loads is
 * packed and loads again. */
#include "fuzz.h"

#include <espalier/pack.h>

#include <stdlib.h>
#include <string.h>

enum { PREFIX = 21, AT_CHECKSUM = 13, CHECKSUM = 8 };

static void mend(uint8_t *file, size_t bytes) {
  esp_sha256 sum;
  char hex[65], digits[3] = "";
  memcpy(file, "ESPK\1", 5);
  esp_sha256_start(&sum);
  esp_sha256_add(&sum, file, AT_CHECKSUM);
  esp_sha256_add(&sum, file + PREFIX, bytes - PREFIX);
  esp_sha256_end(&sum, hex);
  for (int i = 0; i < CHECKSUM; i++) {
    memcpy(digits, hex + 2 * i, 2);
    file[AT_CHECKSUM + i] = (uint8_t)strtoul(digits, NULL, 16);
  }
}

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
  if (bytes < PREFIX) return 0;
  uint8_t *file = malloc(bytes);
  if (!file) return 0;
  memcpy(file, data, bytes);
  mend(file, bytes);
  if (esp_pack_decode(&b, "file", file, bytes, &err) == ESP_OK) {
    again(&b);
    esp_bundle_free(&b);
  }
  free(file);
  return 0;
}
