/* How an operation passes tangents on. Internal to src/autograd.
 *
 * The tangent of a value, or of a gradient, is its derivative along the direction in which the
 * weights move (hessian.h). It has the geometry of what it is the tangent of. */
#ifndef ESP_AUTOGRAD_TANGENT_H
#define ESP_AUTOGRAD_TANGENT_H

#include "autograd/hessian.h"
#include "autograd/node.h"

struct esp__hessian {
  esp_graph *graph;
  esp_tensor *data;     /* [nodes] tangent of what the node writes */
  esp_tensor *grad;     /* [nodes] tangent of its gradient; without memory where it has none */
  float **direction;    /* [nodes] of the weight of a convolution or linear layer; else NULL */
  float **product;      /* [nodes] the Hessian times the direction, likewise */
  float *spare_data;    /* room for the output of any convolution */
  float *spare_weights; /* and for its weights */
  float *memory;        /* all of it */
};

struct esp__tangent_rule {
  /* Fills the tangent of the output from those of the inputs, after a forward pass. */
  void (*forward)(const esp__hessian *h, const esp__node *n);
  /* Fills the tangents of the gradients of the inputs that have one (adding where n->add[i]), and
   * the product of the weight. The output's gradient and its tangent are there; the node's own
   * backward pass comes after. NULL: there is nothing to pass on. */
  void (*backward)(const esp__hessian *h, const esp__node *n);
};

/* A copy of a node that works on other tensors. */
typedef struct esp__node_view {
  esp__node node;
  esp_value in[ESP_NODE_INPUTS];
  esp_param weight;
} esp__node_view;

/* The node with tangents in the place of its values, of its gradients, or of neither. */
typedef enum esp__tangents { ESP_OF_NOTHING, ESP_OF_VALUES, ESP_OF_GRADIENTS } esp__tangents;
void esp__node_view_of(const esp__hessian *h, const esp__node *n, esp__tangents of,
                       esp__node_view *v);

/* The tangent of what input i of the node holds, and of its gradient. */
const esp_tensor *esp__tangent_in(const esp__hessian *h, const esp__node *n, int i);
const esp_tensor *esp__tangent_in_grad(const esp__hessian *h, const esp__node *n, int i);

/* What rules are made of: the forward pass, run on tangents of the values; the backward pass, run
 * on tangents of the gradients; and the backward pass run forward, where y = f(x) value by value:
 * what multiplies a gradient by the slope does it to a tangent. */
void esp__tangent_own_forward(const esp__hessian *h, const esp__node *n);
void esp__tangent_own_backward(const esp__hessian *h, const esp__node *n);
void esp__tangent_by_slope(const esp__hessian *h, const esp__node *n);

/* Of operations that are linear in their inputs, and of y = f(x) made of straight lines. */
extern const esp__tangent_rule esp__tangent_linear, esp__tangent_lines;
extern const esp__tangent_rule esp__tangent_input, esp__tangent_convolution, esp__tangent_batchnorm,
    esp__tangent_activation, esp__tangent_maxpool;

#endif
