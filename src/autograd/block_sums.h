/* Gradients that are sums over all images of a batch, of numbers that each block of images has.
 * Internal to src/autograd. */
#ifndef ESP_AUTOGRAD_BLOCK_SUMS_H
#define ESP_AUTOGRAD_BLOCK_SUMS_H

#include "autograd/node.h"

/* to[i] = the sum of number[block * n + i] over the blocks of the batch: those of a part in order,
 * then the parts (shares.h). While planning, esp__graph_reserve_numbers(g, n). */
void esp__block_sums(esp_graph *g, const double *number, int n, float *to);

#endif
