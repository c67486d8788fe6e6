#include "prune/layer_budgets.h"

#include "base/mathx.h"

esp_status esp__layer_budgets_uniform(const esp_prune_options *opt, double sparsity,
                                      esp_layer_budget *share, int n, esp_error *err) {
  (void)opt, (void)err;
  for (int i = 0; i < n; i++) share[i].density = 1.0 - sparsity;
  return ESP_OK;
}

double esp__layer_budget_now(double sparsity, double all, double own) {
  if (sparsity >= all) return 1.0 - own;
  if (own == 1.0 || all == 1.0) return 1.0 - own * sparsity / all;
  return esp__pow(1.0 - own, esp__log(1.0 - sparsity) / esp__log(1.0 - all));
}

void esp__layer_budgets_units(double *density, const double *raw, const double *cost, int n,
                              double budget) {
  for (int i = 0; i < n; i++) density[i] = 0.0;
  for (bool again = true; again;) {
    double left = budget, weight = 0.0;
    for (int i = 0; i < n; i++)
      if (density[i] >= 1.0)
        left -= cost[i];
      else
        weight += raw[i] * cost[i];
    again = false;
    for (int i = 0; i < n; i++) {
      if (density[i] >= 1.0) continue;
      density[i] = left / weight * raw[i];
      if (density[i] >= 1.0) {
        density[i] = 1.0;
        again = true;
      }
    }
  }
}
