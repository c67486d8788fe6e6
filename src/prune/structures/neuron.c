#include "prune/catalogue.h"
#include "prune/units/channels.h"

static bool wants(const esp__channel_traits *t) {
  return t->linear || (t->of_tokens && !t->heads && !t->stream);
}

static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  return esp__cover_channels(p, &esp__structure_neuron, layers, wants, err);
}

const esp_structure esp__structure_neuron = {
    .name = "neuron",
    .help =
        "neurons of linear layers, of those on every token too, and units of LSTM and GRU with "
        "all gates: rows of weights with their bias, and the columns that read them (Srinivas & "
        "Babu 2015; Wen et al. 2018)",
    .cover = cover,
};
