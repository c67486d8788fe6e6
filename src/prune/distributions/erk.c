#include "prune/catalogue.h"

/* (in + out + kh + kw) / (in * out * kh * kw), in to be understood per group */
static double raw_density(const esp_param *w) {
  double sum = 0.0, product = 1.0;
  for (int i = 0; i < w->rank; i++) {
    sum += w->shape[i];
    product *= w->shape[i];
  }
  return sum / product;
}

/* density = epsilon * raw, with epsilon such that the budget is met; layers that would exceed 1 are dense and
 * the others share what is left. */
static esp_status share(const esp_prune_options *opt, double sparsity, esp_share *share, int n,
                        esp_error *err) {
  (void)opt, (void)err;
  double budget = 0.0;
  for (int i = 0; i < n; i++) {
    budget += (1.0 - sparsity) * (double)share[i].units;
    share[i].density = 0.0;
  }
  for (bool again = true; again;) {
    double left = budget, weight = 0.0;
    for (int i = 0; i < n; i++)
      if (share[i].density >= 1.0)
        left -= (double)share[i].units;
      else
        weight += raw_density(share[i].layer->weight) * (double)share[i].units;
    again = false;
    for (int i = 0; i < n; i++) {
      if (share[i].density >= 1.0) continue;
      share[i].density = left / weight * raw_density(share[i].layer->weight);
      if (share[i].density >= 1.0) {
        share[i].density = 1.0;
        again = true;
      }
    }
  }
  return ESP_OK;
}

const esp_distribution esp_distribution_erk = {
    .name = "erk",
    .help =
        "Erdos-Renyi-Kernel: density in proportion to (in + out + kh + kw) / (in * out * kh * kw) (Mocanu et "
        "al. 2018; Evci et al. 2020)",
    .share = share,
};
