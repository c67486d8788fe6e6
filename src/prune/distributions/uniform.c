#include "prune/catalogue.h"
#include "prune/search/search.h"

esp_status esp__layer_budgets_uniform(const esp_prune_options *opt, double sparsity,
                                      esp_layer_budget *share, int n, esp_error *err) {
  (void)opt, (void)err;
  for (int i = 0; i < n; i++) share[i].density = 1.0 - sparsity;
  return ESP_OK;
}

const esp_distribution esp__distribution_uniform = {
    .name = "uniform",
    .help = "the same sparsity in every layer",
    .share = esp__layer_budgets_uniform,
};
