/* Operations that only move values: add, concat, flatten, subsample. */
#include "autograd/node.h"

/* Copies or adds `channels` channels, from number `first_from` of one tensor to number `first_to`
 * of another. */
static void move(esp_graph *g, const esp_tensor *from, int first_from, const esp_tensor *to,
                 int first_to, int channels, bool add) {
  const esp_tensor part = {.channels = channels};
  ESP_EACH_PLANE(g, &part, block, c)
  g->kernels->copy(esp__extent_of(to), esp__rows_of(from, block, first_from + c),
                   esp__rows_of(to, block, first_to + c), add);
}

static esp_status differ(const char *what, const esp_tensor *a, const esp_tensor *b,
                         esp_error *err) {
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: the branches are %dx%dx%d and %dx%dx%d; expected the same %s", what,
                  a->channels, a->height, a->width, b->channels, b->height, b->width,
                  what[0] == 'a' ? "shape" : "height and width");
}

/* ---- add: y = a + b ---- */

static void add_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *a = &n->in[0]->data, *b = &n->in[1]->data, *y = &n->out.data;
  ESP_EACH_PLANE(g, y, block, c)
  g->kernels->sum(esp__extent_of(y), esp__rows_of(a, block, c), esp__rows_of(b, block, c),
                  esp__rows_of(y, block, c));
}

static void add_backward(esp_graph *g, esp__node *n) {
  for (int i = 0; i < 2; i++)
    if (n->in[i]->grad.data)
      move(g, &n->out.grad, 0, &n->in[i]->grad, 0, n->out.data.channels, n->add[i]);
}

static const esp__op add = {.name = "add", .forward = add_forward, .backward = add_backward};

esp_status esp_graph_add(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err) {
  esp__node *n;
  const esp_tensor *s = &a->data, *t = &b->data;
  if (s->channels != t->channels || s->height != t->height || s->width != t->width)
    return differ("add", s, t, err);
  ESP_TRY(esp__node_add(g, &add, a, b, esp__shape_of(s), &n, err));
  *y = &n->out;
  return ESP_OK;
}

/* ---- concat: y = (a, b) along channels ---- */

static void concat_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *a = &n->in[0]->data, *b = &n->in[1]->data;
  move(g, a, 0, &n->out.data, 0, a->channels, false);
  move(g, b, 0, &n->out.data, a->channels, b->channels, false);
}

static void concat_backward(esp_graph *g, esp__node *n) {
  const int first[2] = {0, n->in[0]->data.channels};
  for (int i = 0; i < 2; i++)
    if (n->in[i]->grad.data)
      move(g, &n->out.grad, first[i], &n->in[i]->grad, 0, n->in[i]->data.channels, n->add[i]);
}

static const esp__op concat = {.name = "concat",
                               .forward = concat_forward,
                               .backward = concat_backward,
                               .flow = ESP_FLOW_JOIN};

esp_status esp_graph_concat(esp_graph *g, esp_value *a, esp_value *b, esp_value **y,
                            esp_error *err) {
  esp__node *n;
  const esp_tensor *s = &a->data, *t = &b->data;
  if (s->height != t->height || s->width != t->width) return differ("concat", s, t, err);
  ESP_TRY(esp__node_add(g, &concat, a, b,
                        (esp_shape){s->channels + t->channels, s->height, s->width}, &n, err));
  *y = &n->out;
  return ESP_OK;
}

/* ---- flatten: a plane's pixels become channels; in the lane layout that only drops the halo ---- */

/* The flat tensor's channels [c * pixels, (c + 1) * pixels) seen as the plane they came from. */
static esp__rows unflat(const esp_tensor *flat, const esp_tensor *like, int block, int c) {
  return (esp__rows){
      esp_plane(flat, block, 0) + (size_t)c * (size_t)(like->height * like->width) * ESP_LANES,
      (size_t)like->width * ESP_LANES};
}

static void flatten_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  ESP_EACH_PLANE(g, x, block, c)
  g->kernels->copy(esp__extent_of(x), esp__rows_of(x, block, c), unflat(y, x, block, c), false);
}

static void flatten_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad, *dy = &n->out.grad;
  if (!dx->data) return;
  ESP_EACH_PLANE(g, dx, block, c)
  g->kernels->copy(esp__extent_of(dx), unflat(dy, dx, block, c), esp__rows_of(dx, block, c),
                   n->add[0]);
}

static const esp__op flatten = {.name = "flatten",
                                .forward = flatten_forward,
                                .backward = flatten_backward,
                                .flow = ESP_FLOW_SPREAD};

esp_status esp_graph_flatten(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  esp__node *n;
  const esp_tensor *t = &x->data;
  ESP_TRY(esp__node_add(g, &flatten, x, NULL, (esp_shape){t->channels * t->height * t->width, 1, 1},
                        &n, err));
  *y = &n->out;
  return ESP_OK;
}

/* ---- subsample: every stride-th pixel, then zero channels; an average over windows of one pixel ---- */

static esp__pool one_pixel(const esp__node *n) {
  return (esp__pool){
      esp__extent_of(&n->in[0]->data), esp__extent_of(&n->out.data), 1, 1, n->attr.stride, 0};
}

/* The memory was zeroed when it was made, but inference shares it. */
static void zero_from(esp_graph *g, const esp_tensor *y, int first) {
  const esp_tensor rest = {.channels = y->channels - first};
  if (rest.channels == 0) return;
  ESP_EACH_PLANE(g, &rest, block, c)
  g->kernels->copy(esp__extent_of(y), (esp__rows){0}, esp__rows_of(y, block, first + c), false);
}

static void subsample_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const esp__pool k = one_pixel(n);
  ESP_EACH_PLANE(g, x, block, c)
  g->kernels->avgpool(&k, esp__rows_of(x, block, c), esp__rows_of(y, block, c));
  zero_from(g, y, x->channels);
}

static void subsample_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad, *dy = &n->out.grad;
  if (!dx->data) return;
  const esp__pool k = one_pixel(n);
  ESP_EACH_PLANE(g, dx, block, c) {
    g->kernels->copy(esp__extent_of(dx), (esp__rows){0}, esp__rows_of(dx, block, c), n->add[0]);
    g->kernels->avgpool_back(&k, esp__rows_of(dy, block, c), esp__rows_of(dx, block, c));
  }
}

static const esp__op subsample = {.name = "subsample",
                                  .forward = subsample_forward,
                                  .backward = subsample_backward,
                                  .flow = ESP_FLOW_PAD};

esp_status esp_graph_subsample(esp_graph *g, esp_value *x, int channels, int stride, esp_value **y,
                               esp_error *err) {
  esp__node *n;
  const esp_tensor *t = &x->data;
  if (channels < t->channels || stride < 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "subsample: %d channels, stride %d; expected at least %d channels and stride 1",
                    channels, stride, t->channels);
  const esp_shape shape = {channels, (t->height - 1) / stride + 1, (t->width - 1) / stride + 1};
  ESP_TRY(esp__node_add(g, &subsample, x, NULL, shape, &n, err));
  n->attr.stride = stride;
  *y = &n->out;
  return ESP_OK;
}
