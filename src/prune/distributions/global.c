#include "prune/catalogue.h"

const esp_distribution esp__distribution_global = {
    .name = "global",
    .help = "all layers compete in one ranking",
};
