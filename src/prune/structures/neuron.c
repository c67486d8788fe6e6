#include "prune/catalogue.h"
#include "prune/pruner.h"

static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  return esp__cover_channels(p, &esp__structure_neuron, layers, true, err);
}

const esp_structure esp__structure_neuron = {
    .name = "neuron",
    .help =
        "neurons of linear layers: the row of weights with its bias, "
        "and its column in the next layer (Srinivas & Babu 2015)",
    .cover = cover,
};
