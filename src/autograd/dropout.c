/* Inverted dropout (Srivastava et al. 2014). What is dropped is a function of the step's key, the
 * node and the place, so the backward pass draws it again instead of storing it. */
#include "autograd/tangent.h"

static void drop(esp_graph *g, esp__node *n, const esp_tensor *from, const esp_tensor *to,
                 bool add) {
  const float keep = 1.0f - n->attr.probability;
  const uint32_t threshold = (uint32_t)((double)n->attr.probability * 0x1p24);
  const esp_key key = esp_key_of(g->pass.dropout_key, (uint64_t)n->index);
  const int planes = esp__graph_planes(g, to);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(to, i);
    const uint64_t number = (uint64_t)esp__graph_plane_number(g, to, i);
    g->kernels->drop(esp__extent_of(to), esp__rows_at(from, at), esp__rows_at(to, at),
                     esp_key_of(key, number), threshold, 1.0f / keep, add);
  }
}

static void forward(esp_graph *g, esp__node *n) {
  if (g->pass.training)
    drop(g, n, &n->in[0]->data, &n->out.data, false);
  else
    esp__copy_channels(g, (esp__channels){&n->in[0]->data, 0}, (esp__channels){&n->out.data, 0},
                       n->out.data.channels, false);
}

static void backward(esp_graph *g, esp__node *n) {
  if (!n->in[0]->grad.data) return;
  if (g->pass.training)
    drop(g, n, &n->out.grad, &n->in[0]->grad, n->add[0]);
  else
    esp__copy_channels(g, (esp__channels){&n->out.grad, 0}, (esp__channels){&n->in[0]->grad, 0},
                       n->out.data.channels, n->add[0]);
}

static const esp__op dropout = {.name = "dropout",
                                .kind = ESP_OPERATION_DROPOUT,
                                .forward = forward,
                                .backward = backward,
                                .tangent = &esp__tangent_linear};

esp_status esp_graph_dropout(esp_graph *g, esp_value *x, float probability, esp_value **y,
                             esp_error *err) {
  esp__node *n;
  if (!(probability >= 0.0f && probability < 1.0f))
    return esp_fail(err, ESP_ERR_INPUT, "dropout: probability %g; expected 0 to below 1",
                    (double)probability);
  ESP_TRY(esp__node_add(g, &dropout, x, NULL, esp__shape_of(&x->data), &n, err));
  n->attr.probability = probability;
  *y = &n->out;
  return ESP_OK;
}
