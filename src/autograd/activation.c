/* y = f(x), pointwise */
#include "autograd/node.h"

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    g->kernels->activate(n->attr.activation, esp__extent_of(y), esp__rows_at(x, at),
                         esp__rows_at(y, at));
  }
}

static void backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *y = &n->out.data,
                   *dy = &n->out.grad;
  if (!dx->data) return;
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    g->kernels->activate_back(n->attr.activation, esp__extent_of(y), esp__rows_at(x, at),
                              esp__rows_at(y, at), esp__rows_at(dy, at), esp__rows_at(dx, at),
                              n->add[0]);
  }
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
