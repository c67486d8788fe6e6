/* A file of weights, and a checkpoint, for a network that is there. */
#include "fuzz.h"

#include <espalier/model.h>
#include <espalier/train.h>

#include <stdlib.h>

static esp_model *network(void) {
  esp_error err;
  esp_model *model = NULL;
  esp_model_options options = {
      .arch = (char[]){"custom"},
      .layers = (char[]){"conv 2 3x3 stride 4\nbn\nrelu\nflatten\nlinear 2\n"},
      .input = (char[]){""},
      .width = 1.0};
  fuzz_need(esp_model_new(&model, &options, (esp_shape){1, 8, 8}, 2, 1, &err) == ESP_OK,
            "a network");
  return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static esp_model *model;
  esp_error err;
  char *position = NULL;
  if (!model) model = network();
  const char *path = fuzz_file(data, bytes);
  (void)esp_weights_load(model, path, &err);
  (void)esp_checkpoint_load(model, NULL, path, &position, &err);
  free(position);
  return 0;
}
