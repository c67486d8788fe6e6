/* The network of the harnesses that read weights. */
#ifndef ESP_TESTS_FUZZ_NETWORK_H
#define ESP_TESTS_FUZZ_NETWORK_H

#include "fuzz.h"

#include <espalier/model.h>

static inline esp_model *fuzz_network(void) {
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

#endif
