#include "prune/catalogue.h"
#include "prune/pruner.h"

/* unit = a class of channels (src/prune/groups.h); its score is the mean over the weights of all
 * filters that make it */
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  return esp__cover_channels(p, &esp__structure_channel, layers, false, err);
}

const esp_structure esp__structure_channel = {
    .name = "channel",
    .help =
        "channels with all that belongs to them: filters, batch norm, "
        "their slice of every reader, and the channels they are added to (Fang et al. 2023)",
    .cover = cover,
};
