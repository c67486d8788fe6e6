/* Operations that give values other places: flatten, reshape, rows, subsample. */
#include "autograd/shapes.h"
#include "autograd/tangent.h"

/* ---- flatten: a plane's pixels become channels, which drops the halo ---- */

/* The flat tensor's channels [c * pixels, (c + 1) * pixels) seen as the plane they came from. */
static esp__rows unflat(const esp_tensor *flat, const esp_tensor *like, int block, int c) {
  return (esp__rows){
      esp_plane(flat, block, 0) + (size_t)c * (size_t)(like->height * like->width) * ESP_LANES,
      (size_t)like->width * ESP_LANES};
}

static void flatten_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const int planes = esp__graph_planes(g, x);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(x, i);
    g->kernels->copy(esp__extent_of(x), esp__rows_at(x, at), unflat(y, x, at.block, at.channel),
                     false);
  }
}

static void flatten_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad, *dy = &n->out.grad;
  if (!dx->data) return;
  const int planes = esp__graph_planes(g, dx);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(dx, i);
    g->kernels->copy(esp__extent_of(dx), unflat(dy, dx, at.block, at.channel), esp__rows_at(dx, at),
                     n->add[0]);
  }
}

static const esp__op flatten = {.name = "flatten",
                                .kind = ESP_OPERATION_FLATTEN,
                                .forward = flatten_forward,
                                .backward = flatten_backward,
                                .tangent = &esp__tangent_linear,
                                .flow = ESP_FLOW_SPREAD};

esp_status esp_graph_flatten(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  esp__node *n;
  const esp_tensor *t = &x->data;
  ESP_TRY(esp__node_add(g, &flatten, x, NULL, (esp_shape){t->channels * t->height * t->width, 1, 1},
                        &n, err));
  *y = &n->out;
  return ESP_OK;
}

/* ---- reshape: values in one row, transposed as a matrix, and cut into other channels ---- */

/* Value number `i` of a block of images. */
static float *value_at(const esp_tensor *t, int block, int i) {
  const int pixels = t->height * t->width, pixel = i % pixels;
  return esp_plane(t, block, i / pixels) + (size_t)(pixel / t->width) * esp_row_stride(t) +
         (size_t)(pixel % t->width) * ESP_LANES;
}

/* Copies, or adds, the values of a matrix of `rows` rows to where they stand when it is
 * transposed. */
static void copy_transposed(const esp_graph *g, const esp_tensor *from, const esp_tensor *to,
                            int rows, bool add) {
  const int pixels = to->height * to->width, values = to->channels * pixels,
            planes = esp__graph_planes(g, to);
  const esp__extent one = {1, 1};
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int k = 0; k < planes; k++) {
    const esp__plane_pos at = esp__plane_of(to, k);
    for (int i = at.channel * pixels; i < (at.channel + 1) * pixels; i++)
      g->kernels->copy(
          one,
          (esp__rows){value_at(from, at.block, esp__transposed_from(i, rows, values)), ESP_LANES},
          (esp__rows){value_at(to, at.block, i), ESP_LANES}, add);
  }
}

static void reshape_forward(esp_graph *g, esp__node *n) {
  copy_transposed(g, &n->in[0]->data, &n->out.data, n->attr.reshape.transpose, false);
}

/* A transposed matrix has as many rows as the matrix has columns. */
static void reshape_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad;
  const int values = dx->channels * dx->height * dx->width;
  if (dx->data) copy_transposed(g, &n->out.grad, dx, values / n->attr.reshape.transpose, n->add[0]);
}

static const esp__op reshape = {.name = "reshape",
                                .kind = ESP_OPERATION_RESHAPE,
                                .forward = reshape_forward,
                                .backward = reshape_backward,
                                .tangent = &esp__tangent_linear,
                                .flow = ESP_FLOW_FIXED};

esp_status esp_graph_reshape(esp_graph *g, esp_value *x, esp_reshape_attr attr, esp_value **y,
                             esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_reshape(esp__shape_of(&x->data), attr, &shape, err));
  ESP_TRY(esp__node_add(g, &reshape, x, NULL, shape, &n, err));
  n->attr.reshape = attr;
  *y = &n->out;
  return ESP_OK;
}

/* ---- rows: each row of all planes becomes a token ---- */

/* Copies, or adds, plane by plane: column w of channel c is channel c * width + w of the tokens. */
static void copy_rows(const esp_graph *g, const esp_tensor *planes, const esp_tensor *tokens,
                      bool back, bool add) {
  const int count = esp__graph_planes(g, tokens);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < count; i++) {
    const esp__plane_pos at = esp__plane_of(tokens, i);
    const esp__rows token = {esp_plane(tokens, at.block, at.channel), ESP_LANES},
                    column = {esp_plane(planes, at.block, at.channel / planes->width) +
                                  (size_t)(at.channel % planes->width) * ESP_LANES,
                              esp_row_stride(planes)};
    const esp__extent e = {planes->height, 1};
    g->kernels->copy(e, back ? token : column, back ? column : token, add);
  }
}

static void rows_forward(esp_graph *g, esp__node *n) {
  copy_rows(g, &n->in[0]->data, &n->out.data, false, false);
}

static void rows_backward(esp_graph *g, esp__node *n) {
  if (n->in[0]->grad.data) copy_rows(g, &n->in[0]->grad, &n->out.grad, true, n->add[0]);
}

static const esp__op rows = {.name = "rows",
                             .kind = ESP_OPERATION_ROWS,
                             .forward = rows_forward,
                             .backward = rows_backward,
                             .tangent = &esp__tangent_linear,
                             .flow = ESP_FLOW_FIXED};

esp_status esp_graph_rows(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  esp__node *n;
  const esp_tensor *t = &x->data;
  ESP_TRY(
      esp__node_add(g, &rows, x, NULL, (esp_shape){t->channels * t->width, 1, t->height}, &n, err));
  *y = &n->out;
  return ESP_OK;
}

/* ---- subsample: every stride-th pixel, an average of one pixel; then zero channels ---- */

static esp__pool one_pixel(const esp__node *n) {
  return (esp__pool){
      esp__extent_of(&n->in[0]->data), esp__extent_of(&n->out.data), 1, 1, n->attr.stride, 0};
}

/* The memory was zeroed when it was made, but inference shares it. */
static void zero_from(const esp_graph *g, const esp_tensor *y, int first) {
  esp__copy_channels(g, (esp__channels){&(esp_tensor){0}, 0}, (esp__channels){y, first},
                     y->channels - first, false);
}

static void subsample_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const esp__pool k = one_pixel(n);
  const int planes = esp__graph_planes(g, x);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(x, i);
    g->kernels->avgpool(&k, esp__rows_at(x, at), esp__rows_at(y, at));
  }
  zero_from(g, y, x->channels);
}

static void subsample_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad, *dy = &n->out.grad;
  if (!dx->data) return;
  const esp__pool k = one_pixel(n);
  const int planes = esp__graph_planes(g, dx);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(dx, i);
    g->kernels->copy(esp__extent_of(dx), (esp__rows){0}, esp__rows_at(dx, at), n->add[0]);
    g->kernels->avgpool_back(&k, esp__rows_at(dy, at), esp__rows_at(dx, at));
  }
}

static const esp__op subsample = {.name = "subsample",
                                  .kind = ESP_OPERATION_SUBSAMPLE,
                                  .forward = subsample_forward,
                                  .backward = subsample_backward,
                                  .tangent = &esp__tangent_linear,
                                  .flow = ESP_FLOW_PAD};

esp_status esp_graph_subsample(esp_graph *g, esp_value *x, int channels, int stride, esp_value **y,
                               esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_subsample(esp__shape_of(&x->data), channels, stride, &shape, err));
  ESP_TRY(esp__node_add(g, &subsample, x, NULL, shape, &n, err));
  n->attr.stride = stride;
  *y = &n->out;
  return ESP_OK;
}
