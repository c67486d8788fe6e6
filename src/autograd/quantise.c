/* Tensors of 8-bit numbers: rounded in floats while a network trains, and as integers.
 *
 * A tensor of integers holds them as floats, which is exact: they lie within [-127, 127], and the
 * sums of a layer below 2^24 (esp_model_check_integers), so that every order of adding them, and
 * every kernel, gives the same. Where a sum gets the scale of the next tensor it is computed in
 * 64-bit integers. */
#include "autograd/calibrate.h"
#include "autograd/fixed_point.h"
#include "autograd/node.h"
#include "autograd/shapes.h"

#include <math.h>

/* How the values of a channel are rounded; each operation uses what it needs. */
typedef struct rounding {
  float scale, inverse; /* of a tensor, and its reciprocal; both 0: it has none yet */
  int area;             /* values that a mean is over */
  float real;           /* what an integer stands for */
  int64_t a, b;         /* multipliers of the operands */
  int shift;
} rounding;
typedef rounding rounding_of(const esp__node *n, int channel);
typedef float value_of(const rounding *r, float a, float b);

static inline __attribute__((always_inline)) void run_row(const rounding *r, esp__rows a,
                                                          esp__rows b, esp__rows y, int row,
                                                          int values, value_of *f) {
  const float *p = a.at + (size_t)row * a.stride, *q = b.at ? b.at + (size_t)row * b.stride : p;
  float *to = y.at + (size_t)row * y.stride;
  for (int i = 0; i < values; i++) to[i] = f(r, p[i], q[i]);
}

/* y = f(a, b) for all values, each channel with its rounding. Inlined with both functions. */
static inline __attribute__((always_inline)) void run(const esp_graph *g, const esp__node *n,
                                                      rounding_of *of, value_of *f) {
  const esp_tensor *y = &n->out.data, *a = &n->in[0]->data;
  const esp_tensor *b = n->inputs > 1 ? &n->in[1]->data : &(esp_tensor){0};
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int k = 0; k < planes; k++) {
    const esp__plane_pos at = esp__plane_of(y, k);
    const rounding r = of(n, at.channel);
    const esp__rows p = esp__rows_at(a, at), q = esp__rows_at(b, at), to = esp__rows_at(y, at);
    for (int row = 0; row < y->height; row++) run_row(&r, p, q, to, row, y->width * ESP_LANES, f);
  }
}

static rounding of_tensor(const esp__node *n, int channel) {
  (void)channel;
  return (rounding){.scale = n->param[0]->value[0], .inverse = esp__fixed_inverse(n->param[0])};
}

static esp_status add_node(esp_graph *g, const esp__op *op, esp_value *a, esp_value *b,
                           esp__node **n, esp_value **y, esp_error *err) {
  ESP_TRY(esp__node_add(g, op, a, b, esp__shape_of(&a->data), n, err));
  *y = &(*n)->out;
  return ESP_OK;
}

/* ---- floats that are rounded ---- */

static float rounded(const rounding *r, float x, float unused) {
  (void)unused;
  return r->scale > 0.0f ? r->scale * esp__fixed_level(x, r->inverse) : x;
}

static void quantise_forward(esp_graph *g, esp__node *n) {
  const esp_calibration *c = g->pass.calibration;
  if (c) n->param[0]->value[0] = esp__calibrate(g, &n->in[0]->data, c);
  run(g, n, of_tensor, rounded);
}

/* What the scale's gradient has of one plane: a sum for each image, and these in order. */
static double plane_gradient(const rounding *r, esp__rows x, esp__rows dy, esp_shape s) {
  double sum[ESP_LANES] = {0.0}, all = 0.0;
  for (int row = 0; row < s.height; row++)
    for (int i = 0; i < s.width * ESP_LANES; i++) {
      const float value = x.at[(size_t)row * x.stride + (size_t)i];
      const float ratio = value * r->inverse, q = esp__fixed_level(value, r->inverse);
      const float slope = fabsf(ratio) < ESP_LEVELS_MAX ? q - ratio : q;
      sum[i % ESP_LANES] += (double)dy.at[(size_t)row * dy.stride + (size_t)i] * (double)slope;
    }
  for (int i = 0; i < ESP_LANES; i++) all += sum[i];
  return all;
}

/* The gradient of the scale; padding images have none at y. */
static void scale_backward(esp_graph *g, const esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const rounding r = of_tensor(n, 0);
  const int planes = esp__graph_planes(g, x);
  const double values = (double)x->channels * x->height * x->width;
  double *plane = g->workspace, *sum = esp__shares_part_numbers(&g->shares);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int k = 0; k < planes; k++) {
    const esp__plane_pos at = esp__plane_of(x, k);
    plane[k] = plane_gradient(&r, esp__rows_at(x, at), esp__rows_at(dy, at), esp__shape_of(x));
  }
  for (int i = 0; i < g->shares.parts; i++) {
    const esp__block_range part = esp__graph_part(g, i);
    sum[i] = 0.0;
    for (int k = part.begin * x->channels; k < part.end * x->channels; k++) sum[i] += plane[k];
  }
  n->param[0]->grad[0] = (float)(*esp__shares_add(&g->shares, 1) / sqrt(values * ESP_LEVELS_MAX));
}

static esp_status quantise_plan(esp_graph *g, esp__node *n, esp_error *err) {
  (void)err;
  const size_t planes = (size_t)(esp_blocks_for(g->batch) * n->out.data.channels);
  if (g->gradients) esp__graph_reserve_scratch(g, 0, planes * sizeof(double));
  esp__graph_reserve_numbers(g, 1);
  return ESP_OK;
}

/* Straight through where the value is within the range (Bengio et al. 2013). */
static void quantise_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *dy = &n->out.grad;
  const float scale = n->param[0]->value[0],
              limit = scale > 0.0f ? scale * ESP_LEVELS_MAX : INFINITY;
  const int planes = dx->data ? esp__graph_planes(g, dx) : 0;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int k = 0; k < planes; k++) {
    const esp__plane_pos at = esp__plane_of(dx, k);
    const esp__rows v = esp__rows_at(x, at), from = esp__rows_at(dy, at), to = esp__rows_at(dx, at);
    for (int row = 0; row < dx->height; row++)
      for (int i = 0; i < dx->width * ESP_LANES; i++) {
        const bool within = fabsf(v.at[(size_t)row * v.stride + (size_t)i]) <= limit;
        const float d = within ? from.at[(size_t)row * from.stride + (size_t)i] : 0.0f;
        float *const out = &to.at[(size_t)row * to.stride + (size_t)i];
        *out = n->add[0] ? *out + d : d;
      }
  }
  if (n->param[0]->grad) scale_backward(g, n);
}

static const esp__op quantise = {.name = "quantise",
                                 .kind = ESP_OPERATION_QUANTISE,
                                 .plan = quantise_plan,
                                 .forward = quantise_forward,
                                 .backward = quantise_backward};

esp_status esp_graph_quantise(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                              esp_error *err) {
  esp__node *n;
  ESP_TRY(add_node(g, &quantise, x, NULL, &n, y, err));
  n->param[0] = scale;
  return ESP_OK;
}

/* ---- floats to integers, at the input ---- */

static float to_level(const rounding *r, float x, float unused) {
  (void)unused;
  return esp__fixed_level(x, r->inverse);
}

static void to_integers_forward(esp_graph *g, esp__node *n) {
  run(g, n, of_tensor, to_level);
}

static const esp__op to_integers = {
    .name = "to integers", .kind = ESP_OPERATION_TO_INTEGERS, .forward = to_integers_forward};

esp_status esp_graph_to_integers(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                                 esp_error *err) {
  esp__node *n;
  ESP_TRY(add_node(g, &to_integers, x, NULL, &n, y, err));
  n->param[0] = scale;
  return ESP_OK;
}

/* ---- integers to integers of another scale ---- */

static rounding of_channel(const esp__node *n, int channel) {
  const esp__fixed f = esp__fixed_channel(&n->attr.requantise, channel);
  return (rounding){.area = n->attr.requantise.from.area, .a = f.multiplier, .shift = f.shift};
}

/* A mean times its area is the integer that the mean is of, to less than a half. */
static float rescaled(const rounding *r, float x, float unused) {
  (void)unused;
  const int64_t sum = (int64_t)rint((double)x * r->area);
  return (float)esp__fixed_round(sum * r->a, r->shift, -ESP_LEVELS_MAX);
}

static void requantise_forward(esp_graph *g, esp__node *n) {
  run(g, n, of_channel, rescaled);
}

static const esp__op requantise = {
    .name = "requantise", .kind = ESP_OPERATION_REQUANTISE, .forward = requantise_forward};

esp_status esp_graph_requantise(esp_graph *g, esp_value *x, esp_requantise_attr attr, esp_value **y,
                                esp_error *err) {
  esp__node *n;
  ESP_TRY(add_node(g, &requantise, x, NULL, &n, y, err));
  n->attr.requantise = attr;
  return ESP_OK;
}

/* ---- sums of two tensors ---- */

static rounding of_sum(const esp__node *n, int channel) {
  (void)channel;
  const esp__fixed_pair f = esp__fixed_sum(&n->attr.requantise);
  return (rounding){.a = f.a, .b = f.b, .shift = f.shift};
}

static float rescaled_sum(const rounding *r, float a, float b) {
  return (float)esp__fixed_round((int64_t)a * r->a + (int64_t)b * r->b, r->shift, -ESP_LEVELS_MAX);
}

static void sum_forward(esp_graph *g, esp__node *n) {
  run(g, n, of_sum, rescaled_sum);
}

static const esp__op sum = {
    .name = "sum of integers", .kind = ESP_OPERATION_ADD_INTEGERS, .forward = sum_forward};

esp_status esp_graph_add_integers(esp_graph *g, esp_value *a, esp_value *b,
                                  esp_requantise_attr attr, esp_value **y, esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__shape_add(esp__shape_of(&a->data), esp__shape_of(&b->data), err));
  ESP_TRY(add_node(g, &sum, a, b, &n, y, err));
  n->attr.requantise = attr;
  return ESP_OK;
}

/* ---- integers to floats, at the end ---- */

static rounding of_real(const esp__node *n, int channel) {
  return (rounding){.real = (float)esp__fixed_real(&n->attr.requantise.from, channel)};
}

static float times_real(const rounding *r, float x, float unused) {
  (void)unused;
  return x * r->real;
}

static void from_integers_forward(esp_graph *g, esp__node *n) {
  run(g, n, of_real, times_real);
}

static const esp__op from_integers = {
    .name = "from integers", .kind = ESP_OPERATION_FROM_INTEGERS, .forward = from_integers_forward};

esp_status esp_graph_from_integers(esp_graph *g, esp_value *x, esp_integers from, esp_value **y,
                                   esp_error *err) {
  esp__node *n;
  ESP_TRY(add_node(g, &from_integers, x, NULL, &n, y, err));
  n->attr.requantise.from = from;
  return ESP_OK;
}
