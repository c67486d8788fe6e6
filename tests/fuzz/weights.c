/* A file of weights, and a checkpoint, for a network that is there. */
#include "network.h"

#include <espalier/train.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static esp_model *model;
  esp_error err;
  char *position = NULL;
  if (!model) model = fuzz_network();
  const char *path = fuzz_file(data, bytes);
  (void)esp_weights_load(model, path, &err);
  (void)esp_checkpoint_load(model, NULL, path, &position, &err);
  free(position);
  return 0;
}
