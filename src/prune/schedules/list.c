#include "prune/catalogue.h"

#include <math.h>

/* Of n listed sparsities the k-th, where t lies in ((k - 1) / n, k / n]; nothing at the very
 * beginning. */
static double sparsity(const esp_prune_options *opt, double t) {
  const int k = (int)ceil(t * opt->sparsities.count - 1e-9);
  return k < 1 ? 0.0 : opt->sparsities.value[k - 1];
}

const esp_prune_schedule esp__prune_schedule_list = {
    .name = "list",
    .help =
        "in rounds, to the sparsities that the key sparsities lists, the last of which is sparsity",
    .listed = true,
    .sparsity = sparsity,
};
