#include "base/mathx.h"
#include "prune/catalogue.h"

/* Every round removes the same share of what remains: density = (1 - s)^t. */
static double sparsity(const esp_prune_options *opt, double t) {
  return t >= 1.0 || opt->sparsity >= 1.0 ? opt->sparsity : 1.0 - esp__pow(1.0 - opt->sparsity, t);
}

const esp_prune_schedule esp__prune_schedule_iterative = {
    .name = "iterative",
    .help =
        "in rounds, each removing the same share of what remains, "
        "with retraining between (Han et al. 2015)",
    .sparsity = sparsity,
};

const esp_prune_schedule esp__prune_schedule_exponential = {
    .name = "exponential",
    .help = "gradually during training, each change removing the same share of what remains",
    .in_training = true,
    .sparsity = sparsity,
};
