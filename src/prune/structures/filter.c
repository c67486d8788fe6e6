#include "prune/catalogue.h"

/* A depthwise or grouped filter has no channel of its own to remove. */
static bool applies(const esp_layer *layer) {
  return layer->weight->role == ESP_ROLE_CONV_WEIGHT && layer->groups == 1;
}

static size_t unit_size(const esp_param *weight) {
  return weight->count / (size_t)weight->shape[0];
}

const esp_structure esp_structure_filter = {
    .name = "filter",
    .help = "whole filters of convolutions, with their bias and batch norm (Li et al. 2017)",
    .applies = applies,
    .unit_size = unit_size,
    .whole_channels = true,
};
