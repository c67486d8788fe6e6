/* y = a + b */
#include "autograd/shapes.h"
#include "autograd/tangent.h"

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *a = &n->in[0]->data, *b = &n->in[1]->data, *y = &n->out.data;
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    g->kernels->sum(esp__extent_of(y), esp__rows_at(a, at), esp__rows_at(b, at),
                    esp__rows_at(y, at));
  }
}

static void backward(esp_graph *g, esp__node *n) {
  for (int i = 0; i < 2; i++)
    if (n->in[i]->grad.data)
      esp__copy_channels(g, (esp__channels){&n->out.grad, 0}, (esp__channels){&n->in[i]->grad, 0},
                         n->out.data.channels, n->add[i]);
}

static const esp__op add = {.name = "add",
                            .kind = ESP_OPERATION_ADD,
                            .forward = forward,
                            .backward = backward,
                            .tangent = &esp__tangent_linear};

esp_status esp_graph_add(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__shape_add(esp__shape_of(&a->data), esp__shape_of(&b->data), err));
  ESP_TRY(esp__node_add(g, &add, a, b, esp__shape_of(&a->data), &n, err));
  *y = &n->out;
  return ESP_OK;
}
