#include "prune/catalogue.h"
#include "prune/units/channels.h"

static bool wants(const esp__channel_traits *t) {
  return t->stream;
}

static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  return esp__cover_channels(p, &esp__structure_dimension, layers, wants, err);
}

const esp_structure esp__structure_dimension = {
    .name = "dimension",
    .help =
        "dimensions of embeddings, through all that is added to them: columns of the embedding and "
        "the positions, layer norm, rows of what writes and columns of what reads (McCarley et al. "
        "2019; Ma et al. 2023)",
    .cover = cover,
};
