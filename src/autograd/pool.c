/* Max, average and global average pooling. */
#include "autograd/shapes.h"
#include "autograd/tangent.h"

/* The window; global pooling (size 0) takes the whole plane. */
static esp__pool kernel_of(const esp__node *n) {
  const esp__extent in = esp__extent_of(&n->in[0]->data), out = esp__extent_of(&n->out.data);
  const esp_pool_attr a = n->attr.pool;
  if (a.size == 0) return (esp__pool){in, out, in.rows, in.width, 1, 0};
  return (esp__pool){in, out, a.size, a.size, a.stride, a.padding};
}

static void forward_with(esp_graph *g, esp__node *n, esp__pool_fn *pool) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const esp__pool k = kernel_of(n);
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    pool(&k, esp__rows_at(x, at), esp__rows_at(y, at));
  }
}

static void max_forward(esp_graph *g, esp__node *n) {
  forward_with(g, n, g->kernels->maxpool);
}
static void avg_forward(esp_graph *g, esp__node *n) {
  forward_with(g, n, g->kernels->avgpool);
}

static void max_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *y = &n->out.data,
                   *dy = &n->out.grad;
  if (!dx->data) return;
  const esp__pool k = kernel_of(n);
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    g->kernels->copy(k.in, (esp__rows){0}, esp__rows_at(dx, at), n->add[0]);
    g->kernels->maxpool_back(&k, esp__rows_at(x, at), esp__rows_at(y, at), esp__rows_at(dy, at),
                             esp__rows_at(dx, at));
  }
}

static void avg_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad, *dy = &n->out.grad;
  if (!dx->data) return;
  const esp__pool k = kernel_of(n);
  const int planes = esp__graph_planes(g, dy);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(dy, i);
    g->kernels->copy(k.in, (esp__rows){0}, esp__rows_at(dx, at), n->add[0]);
    g->kernels->avgpool_back(&k, esp__rows_at(dy, at), esp__rows_at(dx, at));
  }
}

static const esp__op maxpool = {.name = "maxpool",
                                .kind = ESP_OPERATION_MAXPOOL,
                                .forward = max_forward,
                                .backward = max_backward,
                                .tangent = &esp__tangent_maxpool};
static const esp__op avgpool = {.name = "avgpool",
                                .kind = ESP_OPERATION_AVGPOOL,
                                .forward = avg_forward,
                                .backward = avg_backward,
                                .tangent = &esp__tangent_linear};

static esp_status pool(esp_graph *g, const esp__op *op, esp_value *x, esp_pool_attr a,
                       esp_value **y, esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_pool(op->name, esp__shape_of(&x->data), a, &shape, err));
  ESP_TRY(esp__node_add(g, op, x, NULL, shape, &n, err));
  n->attr.pool = a;
  *y = &n->out;
  return ESP_OK;
}

esp_status esp_graph_maxpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                             esp_error *err) {
  return pool(g, &maxpool, x, attr, y, err);
}

esp_status esp_graph_avgpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                             esp_error *err) {
  return pool(g, &avgpool, x, attr, y, err);
}

esp_status esp_graph_global_avgpool(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, &avgpool, x, NULL, (esp_shape){x->data.channels, 1, 1}, &n, err));
  n->attr.pool = (esp_pool_attr){0, 1, 0};
  *y = &n->out;
  return ESP_OK;
}
