/* The images of the batch enter the graph. */
#include "autograd/tangent.h"

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *y = &n->out.data;
  const size_t row = (size_t)y->width * ESP_LANES, plane = (size_t)y->height * row;
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    /* The kernels' rows are writable; this one is only read. */
    const esp__rows from = {(float *)(uintptr_t)(g->current->images + (size_t)i * plane), row};
    g->kernels->copy(esp__extent_of(y), from, esp__rows_at(y, esp__plane_of(y, i)), false);
  }
}

static const esp__op input = {.name = "input",
                              .kind = ESP_OPERATION_INPUT,
                              .forward = forward,
                              .tangent = &esp__tangent_input,
                              .flow = ESP_FLOW_START};

esp_status esp_graph_input(esp_graph *g, esp_shape shape, esp_value **y, esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, &input, NULL, NULL, shape, &n, err));
  n->out.vocabulary = shape.vocabulary;
  *y = &n->out;
  return ESP_OK;
}
