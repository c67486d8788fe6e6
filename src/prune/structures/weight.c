#include "prune/catalogue.h"

static bool applies(const esp_layer *layer) {
  (void)layer;
  return true;
}

static size_t unit_size(const esp_param *weight) {
  (void)weight;
  return 1;
}

const esp_structure esp_structure_weight = {
    .name = "weight",
    .help = "single weights of convolutions and linear layers (unstructured)",
    .applies = applies,
    .unit_size = unit_size,
};
