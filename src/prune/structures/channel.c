#include "prune/catalogue.h"
#include "prune/units/channels.h"

static bool wants(const esp__channel_traits *t) {
  return !t->linear;
}

/* unit = a class of channels (nn/channel_groups.h); its score is the mean over the weights of all
 * filters that make it */
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  return esp__cover_channels(p, &esp__structure_channel, layers, wants, err);
}

const esp_structure esp__structure_channel = {
    .name = "channel",
    .help =
        "channels with all that belongs to them: filters, batch norm, "
        "their slice of every reader, and the channels they are added to (Fang et al. 2023)",
    .cover = cover,
};
