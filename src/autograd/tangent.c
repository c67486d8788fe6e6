/* Tangents of operations that need no formulas of their own. */
#include "autograd/tangent.h"

const esp_tensor *esp__tangent_in(const esp__hessian *h, const esp__node *n, int i) {
  return &h->data[esp__maker_of(n->in[i])->index];
}
const esp_tensor *esp__tangent_in_grad(const esp__hessian *h, const esp__node *n, int i) {
  return &h->grad[esp__maker_of(n->in[i])->index];
}

void esp__node_view_of(const esp__hessian *h, const esp__node *n, esp__tangents of,
                       esp__node_view *v) {
  v->node = *n;
  for (int i = 0; i < n->inputs; i++) {
    v->in[i] = *n->in[i];
    v->node.in[i] = &v->in[i];
    if (of == ESP_OF_VALUES) v->in[i].data = *esp__tangent_in(h, n, i);
    if (of == ESP_OF_GRADIENTS) v->in[i].grad = *esp__tangent_in_grad(h, n, i);
  }
  if (of == ESP_OF_VALUES) v->node.out.data = h->data[n->index];
  if (of == ESP_OF_GRADIENTS) v->node.out.grad = h->grad[n->index];
}

void esp__tangent_own_forward(const esp__hessian *h, const esp__node *n) {
  esp__node_view v;
  esp__node_view_of(h, n, ESP_OF_VALUES, &v);
  n->op->forward(h->graph, &v.node);
}

void esp__tangent_own_backward(const esp__hessian *h, const esp__node *n) {
  esp__node_view v;
  esp__node_view_of(h, n, ESP_OF_GRADIENTS, &v);
  n->op->backward(h->graph, &v.node);
}

void esp__tangent_by_slope(const esp__hessian *h, const esp__node *n) {
  esp__node_view v;
  esp__node_view_of(h, n, ESP_OF_NOTHING, &v);
  v.node.out.grad = *esp__tangent_in(h, n, 0);
  v.in[0].grad = h->data[n->index];
  v.node.add[0] = false;
  n->op->backward(h->graph, &v.node);
}

const esp__tangent_rule esp__tangent_linear = {esp__tangent_own_forward, esp__tangent_own_backward},
                        esp__tangent_lines = {esp__tangent_by_slope, esp__tangent_own_backward};

/* The images do not move with the weights: their tangents stay the zeros they begin as. */
static void stay(const esp__hessian *h, const esp__node *n) {
  (void)h;
  (void)n;
}
const esp__tangent_rule esp__tangent_input = {stay, NULL};
