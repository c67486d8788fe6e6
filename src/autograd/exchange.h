/* The gradient of one parameter, exchanged between the processes of a split. Each owns a slice of
 * the weights: it gets all processes' span sums of that slice, adds them in the fixed order, and
 * sends the sum to all. So each sends twice the weights, however many processes there are. Of a
 * parameter with a mask only the weights that are there travel, without their places, since all
 * processes have the same mask.
 *
 * An exchange begins when the layer's backward pass is done and goes on while those of earlier
 * layers run. */
#ifndef ESP_AUTOGRAD_EXCHANGE_H
#define ESP_AUTOGRAD_EXCHANGE_H

#include "autograd/node.h"

typedef struct esp__exchange esp__exchange;

/* While planning: the gradient of `w`, which node number `index` makes. *x stays NULL where the
 * graph's images are not shared. */
esp_status esp__exchange_plan(esp_graph *g, esp_param *w, int index, esp__exchange **x,
                              esp_error *err);
/* Where the sum of the process's own span number k goes: [w->count]. The first is w->grad, and
 * where nothing is shared the only one. x may be NULL. */
float *esp__exchange_target(const esp__exchange *x, esp_param *w, int k);
/* All own sums are there. NULL is nothing. */
void esp__exchange_begin(esp_graph *g, esp__exchange *x);

/* Lets all that are under way go on, as far as they can without waiting; to the end. */
void esp__exchanges_go_on(esp_graph *g);
void esp__exchanges_finish(esp_graph *g);

#endif
