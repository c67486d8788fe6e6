/* A table of the names that a file of weights has for the tensors of a network. */
#include "network.h"

#include "train/rename.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static const char *const names[] = {"a.weight",     "b.weight", "b.bias",    "b.running_mean",
                                      "conv1.weight", "c",        "d.0.weight"};
  static const int64_t shape[1] = {1};
  static const float value = 1.0f;
  static esp_model *model;
  esp_bundle b = {0};
  esp_error err;
  if (!model) model = fuzz_network();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    fuzz_need(esp_bundle_add(&b, names[i], ESP_F32, 1, shape, &value, &err) == ESP_OK, "a tensor");
  (void)esp__tensors_rename(&b, "weights", model, fuzz_file(data, bytes), &err);
  esp_bundle_free(&b);
  return 0;
}
