/* The images of the batch enter the graph. */
#include "autograd/node.h"

static void forward(esp_graph *g, esp__node *n) {
  esp_tensor *y = &n->out.data;
  const size_t row = (size_t)y->width * ESP_LANES, plane = (size_t)y->height * row;
  ESP_EACH_PLANE(g, y, block, c) {
    const size_t at = ((size_t)block * (size_t)y->channels + (size_t)c) * plane;
    /* The kernels' rows are writable; this one is only read. */
    const esp__rows from = {(float *)(uintptr_t)(g->current->images + at), row};
    g->kernels->copy(esp__extent_of(y), from, esp__rows_of(y, block, c), false);
  }
}

static const esp__op input = {.name = "input", .forward = forward, .flow = ESP_FLOW_START};

esp_status esp_graph_input(esp_graph *g, esp_shape shape, esp_value **y, esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, &input, NULL, NULL, shape, &n, err));
  *y = &n->out;
  return ESP_OK;
}
