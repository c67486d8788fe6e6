/* Real-valued targets of a batch. Internal to src/autograd. */
#ifndef ESP_AUTOGRAD_TARGETS_H
#define ESP_AUTOGRAD_TARGETS_H

#include "autograd/node.h"

/* Computes the loss of a block, and its gradient: the mean of the squared differences. */
void esp__targets_loss(const esp_graph *g, int block, esp__loss_block *k);
/* How many targets are measured. */
int esp__targets_measured(const esp_graph *g);
/* Adds to squared[targets measured] what the block's images are off by, squared. */
void esp__targets_measure(const esp_graph *g, int block, double *squared);

#endif
