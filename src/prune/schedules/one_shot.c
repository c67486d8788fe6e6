#include "prune/catalogue.h"

static double sparsity(const esp_prune_options *opt, double t) {
  (void)t;
  return opt->sparsity;
}

const esp_prune_schedule esp__prune_schedule_one_shot = {
    .name = "one-shot",
    .help = "all at once, after the dense training",
    .sparsity = sparsity,
};
