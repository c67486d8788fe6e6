/* y = a * b, value by value */
#include "autograd/node.h"
#include "autograd/shapes.h"

static void multiply(esp_graph *g, const esp_tensor *a, const esp_tensor *b, const esp_tensor *to,
                     bool add) {
  const int planes = esp__graph_planes(g, to);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(to, i);
    g->kernels->multiply(esp__extent_of(to), esp__rows_at(a, at), esp__rows_at(b, at),
                         esp__rows_at(to, at), add);
  }
}

static void forward(esp_graph *g, esp__node *n) {
  multiply(g, &n->in[0]->data, &n->in[1]->data, &n->out.data, false);
}

static void backward(esp_graph *g, esp__node *n) {
  for (int i = 0; i < 2; i++)
    if (n->in[i]->grad.data)
      multiply(g, &n->out.grad, &n->in[1 - i]->data, &n->in[i]->grad, n->add[i]);
}

static const esp__op product = {
    .name = "product", .kind = ESP_OPERATION_PRODUCT, .forward = forward, .backward = backward};

esp_status esp_graph_product(esp_graph *g, esp_value *a, esp_value *b, esp_value **y,
                             esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__shape_add(esp__shape_of(&a->data), esp__shape_of(&b->data), err));
  ESP_TRY(esp__node_add(g, &product, a, b, esp__shape_of(&a->data), &n, err));
  *y = &n->out;
  return ESP_OK;
}
