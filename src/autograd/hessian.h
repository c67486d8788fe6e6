/* Exact products of the loss's Hessian with a direction: the R-operator of Pearlmutter 1994, a pass
 * forward and one back in which every value and every gradient has a tangent, its derivative along
 * the direction. Only weights of convolutions and linear layers have directions. */
#ifndef ESP_AUTOGRAD_HESSIAN_H
#define ESP_AUTOGRAD_HESSIAN_H

#include <espalier/graph.h>

typedef struct esp__hessian esp__hessian;

/* The name of an operation of the graph whose passes have no derivative; NULL where all have
 * one. */
const char *esp__hessian_lacks(const esp_graph *g);

/* Memory for the tangents of a planned graph with gradients that lacks nothing: about as much again
 * as its activations and gradients. */
esp_status esp__hessian_new(esp__hessian **h, esp_graph *g, esp_error *err);
void esp__hessian_free(esp__hessian *h);

/* The direction of a layer's weight, [count], zeros at first: to be filled in. */
float *esp__hessian_direction(const esp__hessian *h, const esp_param *weight);

/* After a forward pass with dense_gradients, in place of esp_graph_backward: leaves in `grad` of
 * the layers' weights the Hessian times the direction, and the gradient in those of all others. The
 * loss is that of logits / temperature, without a teacher. */
void esp__hessian_backward(esp__hessian *h, double temperature);

/* After a forward pass: esp_graph_backward for the loss of logits / temperature, without a
 * teacher. */
void esp__graph_backward_tempered(esp_graph *g, double temperature);

#endif
