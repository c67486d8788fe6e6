/* y = (a, b) along channels */
#include "autograd/shapes.h"
#include "autograd/tangent.h"

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *a = &n->in[0]->data, *b = &n->in[1]->data, *y = &n->out.data;
  esp__copy_channels(g, (esp__channels){a, 0}, (esp__channels){y, 0}, a->channels, false);
  esp__copy_channels(g, (esp__channels){b, 0}, (esp__channels){y, a->channels}, b->channels, false);
}

static void backward(esp_graph *g, esp__node *n) {
  const int first[2] = {0, n->in[0]->data.channels};
  for (int i = 0; i < 2; i++)
    if (n->in[i]->grad.data)
      esp__copy_channels(g, (esp__channels){&n->out.grad, first[i]},
                         (esp__channels){&n->in[i]->grad, 0}, n->in[i]->data.channels, n->add[i]);
}

static const esp__op concat = {.name = "concat",
                               .kind = ESP_OPERATION_CONCAT,
                               .forward = forward,
                               .backward = backward,
                               .tangent = &esp__tangent_linear,
                               .flow = ESP_FLOW_JOIN};

esp_status esp_graph_concat(esp_graph *g, esp_value *a, esp_value *b, esp_value **y,
                            esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_concat(esp__shape_of(&a->data), esp__shape_of(&b->data), &shape, err));
  ESP_TRY(esp__node_add(g, &concat, a, b, shape, &n, err));
  *y = &n->out;
  return ESP_OK;
}
