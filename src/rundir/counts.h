/* What is counted and computed of a result. */
#ifndef ESP_RUNDIR_COUNTS_H
#define ESP_RUNDIR_COUNTS_H

#include "rundir/json_fields.h"
#include "rundir/position.h"

#include <espalier/results.h>

/* Fills the counts of *r: parameters, weights, MACs. */
void esp__result_count(esp__result *r, const esp_model *model, const esp_graph *graph,
                       const esp_pruner *pruner);

/* The share of units pruned, of what the pruner covers. */
double esp__result_sparsity(const esp__result *r);

/* A result as a row of result.json and rounds.csv. `dense` is the result of the dense network; NULL
 * where there is none. */
esp_round esp__result_row(const esp__result *r, const esp__result *dense);
/* Of the dense network's quality, the share that a network has: 1 is all of it. NAN where there is
 * no dense network, or it has none. */
double esp__recovery(double quality, double dense);
/* The members of such a row, in the order of the columns of rounds.csv. */
extern const esp__json_field esp__round_fields[];

#endif
