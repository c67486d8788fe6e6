#include "prune/catalogue.h"
#include "prune/units/channels.h"

static bool wants(const esp__channel_traits *t) {
  return t->heads;
}

static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  return esp__cover_channels(p, &esp__structure_head, layers, wants, err);
}

const esp_structure esp__structure_head = {
    .name = "head",
    .help =
        "attention heads: their rows of queries, keys and values, and the columns that read them "
        "(Michel et al. 2019; Voita et al. 2019)",
    .cover = cover,
};
