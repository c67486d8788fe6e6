/* What units that come (back) into the network start with. */
#ifndef ESP_PRUNE_REGROW_INIT_H
#define ESP_PRUNE_REGROW_INIT_H

#include "prune/pruner.h"

/* After a commit: gives the weights of units that p->keep has and `before` [units] had not values
 * drawn as at the start of training, by the key of this mask change, and their batch norms a scale
 * of 1. */
void esp__regrow_init(const esp_pruner *p, const uint8_t *before);

#endif
