/* The memory that a choice is made in: the scores of weights and units, and the units to keep. It
 * is larger than the weights, so a round opens it and closes it again. While a method works in
 * every step of training it stays open. */
#ifndef ESP_PRUNE_WORKSPACE_H
#define ESP_PRUNE_WORKSPACE_H

#include "prune/pruner.h"

/* Does nothing where it is open. */
esp_status esp__workspace_open(esp_pruner *p, esp_error *err);
/* Does nothing where a method goes on working in it. */
void esp__workspace_close(esp_pruner *p);
/* Gives it back whoever works in it. */
void esp__workspace_free(esp_pruner *p);

/* Every unit of every pool is one weight: then the scores of weights are those of units, in one
 * place. */
bool esp__units_are_weights(const esp_pruner *p);

#endif
