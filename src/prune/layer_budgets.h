/* Densities of layers that add up to a budget: what distributions share. */
#ifndef ESP_PRUNE_LAYER_BUDGETS_H
#define ESP_PRUNE_LAYER_BUDGETS_H

#include <espalier/prune.h>

/* The same density for all. */
esp_status esp__layer_budgets_uniform(const esp_prune_options *opt, double sparsity,
                                      esp_layer_budget *share, int n, esp_error *err);

/* The density of a layer, `own` of which goes in the end, when `sparsity` of the network is asked
 * for on the way to `all`: in each of several rounds it loses the same share of what remains, as
 * the network does. Of one that goes altogether nothing would remain, so that share is of what it
 * had. */
double esp__layer_budget_now(double sparsity, double all, double own);

/* density[i] = min(1, factor * raw[i]), raw above 0. The factor is the one at which the layers cost
 * `budget`, which is at most what they cost when dense:
 *
 *     sum of cost[i] * density[i] = budget */
void esp__layer_budgets_units(double *density, const double *raw, const double *cost, int n,
                              double budget);

#endif
