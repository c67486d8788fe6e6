/* JPEG and PNG, and the Exif blocks in them. */
#include "fuzz.h"

#include <espalier/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  uint8_t pixels[3 * 8 * 8];
  esp_error err;
  const char *path = fuzz_file(data, bytes);
  (void)esp_picture_load(path, (esp_shape){3, 8, 8}, pixels, &err);
  (void)esp_picture_load(path, (esp_shape){1, 5, 3}, pixels, &err);
  return 0;
}
