/* A file of weights, plain and packed, and a checkpoint with masks, for a network that is there. */
#include "network.h"
#include "packed.h"

#include <espalier/pruner.h>
#include <espalier/train.h>

#include <stdlib.h>

static void load_checkpoint(esp_model *model, const char *path) {
  esp_error err;
  esp_pruner *pruner;
  esp_prune_options options = esp_prune_plain;
  char *position = NULL;
  fuzz_need(esp_prune_keys_open(&options, &err) == ESP_OK, "keys");
  fuzz_need(esp_pruner_new(&pruner, &options, model, 1, &err) == ESP_OK, "a pruner");
  (void)esp_checkpoint_load(model, pruner, path, &position, &err);
  free(position);
  esp_pruner_free(pruner);
  esp_prune_keys_close(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_error err;
  size_t size;
  uint8_t *file = fuzz_packed(data, bytes, &size);
  const char *path = fuzz_file(file, size);
  esp_model *model = fuzz_network();
  (void)esp_weights_load(model, path, &err);
  load_checkpoint(model, path);
  esp_model_free(model);
  free(file);
  return 0;
}
