/* y = f(x), pointwise */
#include "autograd/node.h"

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  ESP_EACH_PLANE(g, y, block, c)
  g->kernels->activate(n->attr.activation, esp__extent_of(y), esp__rows_of(x, block, c),
                       esp__rows_of(y, block, c));
}

static void backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *y = &n->out.data,
                   *dy = &n->out.grad;
  if (!dx->data) return;
  ESP_EACH_PLANE(g, y, block, c)
  g->kernels->activate_back(n->attr.activation, esp__extent_of(y), esp__rows_of(x, block, c),
                            esp__rows_of(y, block, c), esp__rows_of(dy, block, c),
                            esp__rows_of(dx, block, c), n->add[0]);
}

static const esp__op activation = {
    .name = "activation", .forward = forward, .backward = backward, .activates = true};

esp_status esp_graph_activation(esp_graph *g, esp_value *x, esp_activation kind, esp_value **y,
                                esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, &activation, x, NULL, esp__shape_of(&x->data), &n, err));
  n->attr.activation = kind;
  *y = &n->out;
  return ESP_OK;
}
