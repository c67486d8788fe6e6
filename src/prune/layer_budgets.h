/* Densities of layers that add up to a budget: what distributions share. */
#ifndef ESP_PRUNE_LAYER_BUDGETS_H
#define ESP_PRUNE_LAYER_BUDGETS_H

#include <espalier/prune.h>

/* The same density for all. */
esp_status esp__layer_budgets_uniform(const esp_prune_options *opt, double sparsity,
                                      esp_layer_budget *share, int n, esp_error *err);

/* density[i] = min(1, factor * raw[i]), raw above 0. The factor is the one at which the layers cost
 * `budget`, which is at most what they cost when dense:
 *
 *     sum of cost[i] * density[i] = budget */
void esp__layer_budgets_units(double *density, const double *raw, const double *cost, int n,
                              double budget);

#endif
