#include "prune/catalogue.h"

/* s (1 - (1 - t)^3) */
static double sparsity(const esp_prune_options *opt, double t) {
  const double left = 1.0 - t;
  return opt->sparsity * (1.0 - left * left * left);
}

const esp_prune_schedule esp__prune_schedule_cubic = {
    .name = "cubic",
    .help =
        "gradually during training, fast at first: automated gradual pruning (Zhu & Gupta 2017)",
    .in_training = true,
    .sparsity = sparsity,
};
