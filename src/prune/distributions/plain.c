/* One ranking for all, and densities that follow from the shapes of layers. */
#include "prune/catalogue.h"
#include "prune/layer_budgets.h"

#include <stdlib.h>

const esp_distribution esp__distribution_global = {
    .name = "global",
    .help = "all layers compete in one ranking",
};

const esp_distribution esp__distribution_uniform = {
    .name = "uniform",
    .help = "the same sparsity in every layer",
    .share = esp__layer_budgets_uniform,
};

/* (in + out + kh + kw) / (in * out * kh * kw), in to be understood per group */
static double raw_density(const esp_param *w) {
  double sum = 0.0, product = 1.0;
  for (int i = 0; i < w->rank; i++) {
    sum += w->shape[i];
    product *= w->shape[i];
  }
  return sum / product;
}

/* density = epsilon * raw, with epsilon such that the budget is met; layers that would exceed 1 are
 * dense and the others share what is left. */
static esp_status share(const esp_prune_options *opt, double sparsity, esp_layer_budget *share,
                        int n, esp_error *err) {
  (void)opt;
  double budget = 0.0, *density = calloc(3 * (size_t)(n + 1), sizeof *density);
  if (!density) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the shares");
  double *raw = density + n, *units = raw + n;
  for (int i = 0; i < n; i++) {
    raw[i] = raw_density(share[i].layer->weight);
    units[i] = (double)share[i].units;
    budget += (1.0 - sparsity) * units[i];
  }
  esp__layer_budgets_units(density, raw, units, n, budget);
  for (int i = 0; i < n; i++) share[i].density = density[i];
  free(density);
  return ESP_OK;
}

const esp_distribution esp__distribution_erk = {
    .name = "erk",
    .help =
        "Erdos-Renyi-Kernel: density in proportion to (in + out + kh + kw) / (in * out * kh * "
        "kw) (Mocanu et al. 2018; Evci et al. 2020)",
    .share = share,
};
