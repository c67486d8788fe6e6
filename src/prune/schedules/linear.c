#include "prune/catalogue.h"

/* s t */
static double sparsity(const esp_prune_options *opt, double t) {
  return opt->sparsity * t;
}

const esp_prune_schedule esp__prune_schedule_linear = {
    .name = "linear",
    .help = "gradually during training, the same number at every change",
    .in_training = true,
    .sparsity = sparsity,
};
