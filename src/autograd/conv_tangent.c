/* Tangents of convolutions and linear layers. Values x, gradients dx, tangents with a prime, V the
 * direction of the weight W:
 *
 *     y' = W * x' + V * x        dx' = W^T * dy' + V^T * dy        dW' = dy' * x + dy * x'
 *
 * Each product is a pass of the layer on other tensors. */
#include "autograd/conv_plan.h"
#include "autograd/tangent.h"

/* A view with a weight of its own, which can be given other values or another gradient. */
static void look(const esp__hessian *h, const esp__node *n, esp__tangents of, esp__node_view *v) {
  esp__node_view_of(h, n, of, v);
  v->weight = *n->param[0];
  v->node.param[0] = &v->weight;
  v->node.param[1] = NULL; /* the bias does not move */
}

/* ---- forward ---- */

static void moving_inputs(const esp__hessian *h, const esp__node *n) {
  esp__node_view v;
  look(h, n, ESP_OF_VALUES, &v);
  esp__conv_forward(h->graph, &v.node, n->state);
}

static void moving_weights(const esp__hessian *h, const esp__node *n, float *to) {
  esp__node_view v;
  look(h, n, ESP_OF_NOTHING, &v);
  v.weight.value = h->direction[n->index];
  v.node.out.data.data = to;
  esp__conv_forward(h->graph, &v.node, n->state);
}

static void forward(const esp__hessian *h, const esp__node *n) {
  const esp_tensor *y = &h->data[n->index];
  if (!n->in[0]->needs_grad) { /* the images: x' = 0 */
    moving_weights(h, n, y->data);
    return;
  }
  esp_tensor spare = n->out.data;
  spare.data = h->spare_data;
  moving_inputs(h, n);
  moving_weights(h, n, spare.data);
  esp__copy_channels(h->graph, (esp__channels){&spare, 0}, (esp__channels){y, 0}, y->channels,
                     true);
}

/* ---- backward ---- */

static void product_of_weights(const esp__hessian *h, const esp__node *n) {
  float *product = h->product[n->index];
  esp__node_view v;
  look(h, n, ESP_OF_GRADIENTS, &v);
  v.weight.grad = product;
  esp__conv_backward_weights(h->graph, &v.node, n->state);
  if (!n->in[0]->needs_grad) return;
  look(h, n, ESP_OF_VALUES, &v);
  v.weight.grad = h->spare_weights;
  esp__conv_backward_weights(h->graph, &v.node, n->state);
  for (size_t i = 0; i < v.weight.count; i++) product[i] += h->spare_weights[i];
}

static void gradient_of_input(const esp__hessian *h, const esp__node *n) {
  esp__node_view v;
  look(h, n, ESP_OF_GRADIENTS, &v);
  esp__conv_backward_data(h->graph, &v.node, n->state);
  v.node.out.grad = n->out.grad;
  v.weight.value = h->direction[n->index];
  v.node.add[0] = true;
  esp__conv_backward_data(h->graph, &v.node, n->state);
}

static void backward(const esp__hessian *h, const esp__node *n) {
  product_of_weights(h, n);
  if (n->in[0]->grad.data) gradient_of_input(h, n);
}

const esp__tangent_rule esp__tangent_convolution = {forward, backward};
