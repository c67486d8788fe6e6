/* Files of weights, plain and packed, that say themselves what network they are of. */
#include "packed.h"

#include <espalier/run.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_loaded_run opened;
  esp_error err;
  size_t size;
  uint8_t *file = fuzz_packed(data, bytes, &size);
  if (esp_load_run(&opened, fuzz_file(file, size), false, 0, NULL, &err) == ESP_OK)
    esp_loaded_run_free(&opened);
  free(file);
  return 0;
}
