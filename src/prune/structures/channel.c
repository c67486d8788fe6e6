#include "prune/catalogue.h"
#include "prune/pruner.h"

static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  return esp_cover_channels(p, &esp_structure_channel, layers, false, err);
}

const esp_structure esp_structure_channel = {
    .name = "channel",
    .help =
        "whole channels: filters, bias, batch norm, the slice of every consumer, and all channels they are "
        "added "
        "to (dependency groups, Fang et al. 2023); the score is the mean over all their filters",
    .cover = cover,
};
