/* What units that come (back) into the network start with. */
#ifndef ESP_PRUNE_REGROW_INIT_H
#define ESP_PRUNE_REGROW_INIT_H

#include "prune/pruner.h"

/* Adds random units to those of the last commit, as many as `sparsity` allows. They begin with
 * values as at the start of training, by the key of this mask change. */
esp_status esp__grow_random(esp_pruner *p, double sparsity, esp_error *err);

#endif
