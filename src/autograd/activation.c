/* y = f(x), pointwise: the built-in kinds by kernels, those from outside by plain loops. */
#include "autograd/tangent.h"

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

static const esp__op activation = {.name = "activation",
                                   .kind = ESP_OPERATION_ACTIVATION,
                                   .forward = forward,
                                   .backward = backward,
                                   .tangent = &esp__tangent_activation,
                                   .activates = true,
                                   .in_place = true};

esp_status esp_graph_activation(esp_graph *g, esp_value *x, esp_activation kind, esp_value **y,
                                esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, &activation, x, NULL, esp__shape_of(&x->data), &n, err));
  n->attr.activation = kind;
  n->moves_zero = !esp_activation_keeps_zero(kind);
  *y = &n->out;
  return ESP_OK;
}

/* ---- kinds from outside ---- */

static void custom_rows(const esp_activation_kind *kind, esp__extent e, esp__rows x, esp__rows y) {
  for (size_t r = 0; r < (size_t)e.rows; r++)
    for (size_t i = 0; i < (size_t)e.width * ESP_LANES; i++)
      y.at[r * y.stride + i] = kind->f(x.at[r * x.stride + i]);
}

static void custom_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    custom_rows(n->attr.custom, esp__extent_of(y), esp__rows_at(x, at), esp__rows_at(y, at));
  }
}

/* dx (+)= dy * f'(x) */
static void custom_rows_back(const esp__node *n, esp__plane_pos at) {
  const esp__rows x = esp__rows_at(&n->in[0]->data, at), y = esp__rows_at(&n->out.data, at),
                  dy = esp__rows_at(&n->out.grad, at), dx = esp__rows_at(&n->in[0]->grad, at);
  const esp__extent e = esp__extent_of(&n->out.data);
  for (size_t r = 0; r < (size_t)e.rows; r++)
    for (size_t i = 0; i < (size_t)e.width * ESP_LANES; i++) {
      float *to = &dx.at[r * dx.stride + i];
      const float slope = n->attr.custom->slope(x.at[r * x.stride + i], y.at[r * y.stride + i]),
                  v = dy.at[r * dy.stride + i] * slope;
      *to = n->add[0] ? *to + v : v;
    }
}

static void custom_backward(esp_graph *g, esp__node *n) {
  if (!n->in[0]->grad.data) return;
  const int planes = esp__graph_planes(g, &n->out.data);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) custom_rows_back(n, esp__plane_of(&n->out.data, i));
}

static const esp__op custom = {.name = "activation",
                               .kind = ESP_OPERATION_CUSTOM_ACTIVATION,
                               .forward = custom_forward,
                               .backward = custom_backward,
                               .activates = true};

esp_status esp_graph_custom_activation(esp_graph *g, esp_value *x, const esp_activation_kind *kind,
                                       esp_value **y, esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, &custom, x, NULL, esp__shape_of(&x->data), &n, err));
  n->attr.custom = kind;
  n->moves_zero = !kind->keeps_zero;
  *y = &n->out;
  return ESP_OK;
}
