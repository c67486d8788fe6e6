/* Batch normalisation with residual add and ReLU in one pass (Ioffe & Szegedy 2015).
 *
 * Forward:
 *     y = relu(scale * (x - mean) / sqrt(var + epsilon) + shift + residual)
 * Backward, g = dy where y > 0, m = images * pixels, r = 1 / sqrt(var + epsilon), v = x - mean:
 *     d shift = sum g;  d scale = r * sum g v
 *     d x = scale * r * (g - sum g / m - v * r^2 * sum g v / m)
 * Sums: 16 images apart within a plane, then valid images and blocks in order, in double, by part
 * of the batch (shares.h). */
#include "autograd/batchnorm.h"
#include "autograd/shapes.h"
#include "autograd/tangent.h"

#include <math.h>
#include <string.h>

static const double keep_running = 0.9;

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  const size_t channels = (size_t)n->out.data.channels,
               planes = channels * (size_t)n->out.data.blocks;
  esp__batchnorm_state *s;
  ESP_TRY(esp__graph_alloc(g, sizeof *s, &s, err));
  n->state = s;
  ESP_TRY(esp__graph_alloc(g, planes * sizeof(double), &s->first, err));
  ESP_TRY(esp__graph_alloc(g, planes * sizeof(double), &s->second, err));
  if (g->gradients) esp__graph_reserve_numbers(g, 2 * n->out.data.channels);
  ESP_TRY(esp__graph_alloc(g, 2 * channels * sizeof(double), &s->total, err));
  ESP_TRY(esp__graph_alloc(g, channels * sizeof(double), &s->mean, err));
  ESP_TRY(esp__graph_alloc(g, channels * sizeof(double), &s->var, err));
  ESP_TRY(esp__graph_alloc(g, channels * sizeof(float), &s->scale, err));
  return esp__graph_alloc(g, channels * sizeof(float), &s->shift, err);
}

static double sum_valid(const float lane[ESP_LANES], int valid) {
  double sum = 0.0;
  for (int l = 0; l < valid; l++) sum += (double)lane[l];
  return sum;
}

/* Adds up a channel's planes of a part in the order of the blocks. */
static double sum_blocks(esp__block_range part, const double *plane, int channels, int c) {
  double sum = 0.0;
  for (int block = part.begin; block < part.end; block++) sum += plane[block * channels + c];
  return sum;
}

/* Both sums of a channel's planes, by part: [parts][2][channels]. */
static void sum_parts(const esp_graph *g, const esp__node *n, int c) {
  const esp__batchnorm_state *s = n->state;
  const int channels = n->out.data.channels;
  double *to = esp__shares_part_numbers(&g->shares) + c;
  for (int i = 0; i < g->shares.parts; i++, to += 2 * channels) {
    const esp__block_range part = esp__graph_part(g, i);
    to[0] = sum_blocks(part, s->first, channels, c);
    to[channels] = sum_blocks(part, s->second, channels, c);
  }
}

static double pixels_of(const esp_graph *g, const esp_tensor *t) {
  return (double)esp__graph_all_images(g) * t->height * t->width;
}

/* ---- a batch norm reads its planes twice ---- */

typedef void plane_function(esp_graph *g, esp__node *n, int block, int c);
typedef void channel_function(esp_graph *g, esp__node *n, int c);

enum { ENOUGH = 4 }; /* channels per thread, from which on each thread takes whole channels */

static void each_plane(esp_graph *g, esp__node *n, plane_function *work) {
  const int planes = esp__graph_planes(g, &n->out.data);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(&n->out.data, i);
    work(g, n, at.block, at.channel);
  }
}

/* What all planes of the batch add up to, channel by channel. */
static void add_up(esp_graph *g, const esp__node *n) {
  const esp__batchnorm_state *s = n->state;
  const int numbers = 2 * n->out.data.channels;
  for (int c = 0; c < n->out.data.channels; c++) sum_parts(g, n, c);
  memcpy(s->total, esp__shares_add(&g->shares, numbers), (size_t)numbers * sizeof *s->total);
}

/* The same of one channel, where this graph has the whole batch. */
static void add_up_channel(const esp_graph *g, const esp__node *n, int c) {
  const esp__batchnorm_state *s = n->state;
  const int channels = n->out.data.channels;
  const double *part = esp__shares_part_numbers(&g->shares) + c;
  sum_parts(g, n, c);
  s->total[c] = esp__shares_add_own(&g->shares, part, 2 * channels);
  s->total[channels + c] = esp__shares_add_own(&g->shares, part + channels, 2 * channels);
}

/* First all planes of a channel, then what they add up to, then the planes again, backwards: while
 * they are still in the cache. Where there are few channels for the threads, or others have a share
 * of the images, all planes first. `second` may be NULL. */
static void two_passes(esp_graph *g, esp__node *n, plane_function *first, channel_function *between,
                       plane_function *second) {
  const int channels = n->out.data.channels, blocks = esp__graph_blocks(g);
  if (channels < ENOUGH * g->threads || esp__split_is_shared(&g->shares.split)) {
    each_plane(g, n, first);
    add_up(g, n);
    for (int c = 0; c < channels; c++) between(g, n, c);
    if (second) each_plane(g, n, second);
    return;
  }
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int c = 0; c < channels; c++) {
    for (int block = 0; block < blocks; block++) first(g, n, block, c);
    add_up_channel(g, n, c);
    between(g, n, c);
    for (int block = blocks - 1; second && block >= 0; block--) second(g, n, block, c);
  }
}

/* ---- forward ---- */

/* y = x * scale + shift, from mean and variance */
static void set_line(const esp__node *n, int c) {
  const esp__batchnorm_state *s = n->state;
  double line[2];
  esp_batchnorm_line((double)n->param[ESP_BN_SCALE]->value[c],
                     (double)n->param[ESP_BN_SHIFT]->value[c], s->mean[c], s->var[c], line);
  s->scale[c] = (float)line[0];
  s->shift[c] = (float)line[1];
}

static void recall(const esp__node *n, int c) {
  const esp__batchnorm_state *s = n->state;
  s->mean[c] = (double)n->param[ESP_BN_MEAN]->value[c];
  s->var[c] = (double)n->param[ESP_BN_VAR]->value[c];
  set_line(n, c);
}

/* Sums around the running mean, so that nothing cancels. */
static void measure_plane(esp_graph *g, esp__node *n, int block, int c) {
  const esp__batchnorm_state *s = n->state;
  const esp_tensor *x = &n->in[0]->data;
  _Alignas(64) float sum[ESP_LANES], square[ESP_LANES];
  g->kernels->moments(esp__extent_of(x), esp__rows_of(x, block, c), n->param[ESP_BN_MEAN]->value[c],
                      sum, square);
  s->first[block * x->channels + c] = sum_valid(sum, esp_lanes_valid(esp__graph_images(g), block));
  s->second[block * x->channels + c] =
      sum_valid(square, esp_lanes_valid(esp__graph_images(g), block));
}

/* Mean and variance of the batch; then the running ones. */
static void measure_channel(esp_graph *g, esp__node *n, int c) {
  const esp__batchnorm_state *s = n->state;
  const esp_tensor *x = &n->in[0]->data;
  float *mean = &n->param[ESP_BN_MEAN]->value[c], *var = &n->param[ESP_BN_VAR]->value[c];
  const double m = pixels_of(g, x), off = s->total[c] / m;
  s->mean[c] = (double)*mean + off;
  s->var[c] = fmax(s->total[x->channels + c] / m - off * off, 0.0);
  *mean = (float)(keep_running * (double)*mean + (1.0 - keep_running) * s->mean[c]);
  *var = (float)(keep_running * (double)*var +
                 (1.0 - keep_running) * s->var[c] * m / fmax(m - 1.0, 1.0));
  set_line(n, c);
}

static void normalise_plane(esp_graph *g, esp__node *n, int block, int c) {
  const esp__batchnorm_state *s = n->state;
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  g->kernels->normalise(esp__extent_of(y), esp__rows_of(x, block, c),
                        n->inputs == 2 ? esp__rows_of(&n->in[1]->data, block, c) : (esp__rows){0},
                        esp__rows_of(y, block, c), s->scale[c], s->shift[c], n->attr.relu);
}

static void forward(esp_graph *g, esp__node *n) {
  if (n->fused) return; /* the convolution before did it */
  if (g->pass.training) {
    two_passes(g, n, measure_plane, measure_channel, normalise_plane);
    return;
  }
  for (int c = 0; c < n->out.data.channels; c++) recall(n, c);
  each_plane(g, n, normalise_plane);
}

/* ---- inference: part of the convolution before ---- */

void esp__batchnorm_epilogue(const esp__node *n, esp__epilogue *f) {
  const esp__batchnorm_state *s = n->state;
  for (int c = 0; c < n->out.data.channels; c++) recall(n, c);
  f->scale = s->scale;
  f->shift = s->shift;
  f->residual = n->inputs == 2 ? n->in[1]->data.data : NULL;
  f->relu = n->attr.relu;
}

/* ---- backward ---- */

/* Without a residual y is found again from x. */
static esp__rows output_rows(const esp__node *n, int block, int c) {
  return n->inputs == 2 ? esp__rows_of(&n->out.data, block, c) : (esp__rows){0};
}

static esp__relu_mask gate_of(const esp__node *n, int c) {
  const esp__batchnorm_state *s = n->state;
  return (esp__relu_mask){n->attr.relu, s->scale[c], s->shift[c]};
}

static void sum_plane(esp_graph *g, esp__node *n, int block, int c) {
  const esp__batchnorm_state *s = n->state;
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  _Alignas(64) float sum[ESP_LANES], product[ESP_LANES];
  g->kernels->normalise_sums(esp__extent_of(x), esp__rows_of(x, block, c), output_rows(n, block, c),
                             esp__rows_of(dy, block, c), (float)s->mean[c], gate_of(n, c), sum,
                             product);
  s->first[block * x->channels + c] = sum_valid(sum, esp_lanes_valid(esp__graph_images(g), block));
  s->second[block * x->channels + c] =
      sum_valid(product, esp_lanes_valid(esp__graph_images(g), block));
}

/* Gradients of scale and shift, from sum g and sum g v. */
static void sum_channel(esp_graph *g, esp__node *n, int c) {
  const esp__batchnorm_state *s = n->state;
  (void)g;
  n->param[ESP_BN_SHIFT]->grad[c] = (float)s->total[c];
  n->param[ESP_BN_SCALE]->grad[c] =
      (float)(s->total[n->out.data.channels + c] / sqrt(s->var[c] + esp__batchnorm_epsilon));
}

static void run_back(const esp_graph *g, const esp__node *n, int block, int c, const esp_tensor *to,
                     const esp_tensor *side, esp__normalise_back *k) {
  k->gate = gate_of(n, c);
  for (int l = 0; l < esp_lanes_valid(esp__graph_images(g), block); l++) k->valid[l] = 1.0f;
  g->kernels->normalise_back(esp__extent_of(to), esp__rows_of(&n->in[0]->data, block, c),
                             output_rows(n, block, c), esp__rows_of(&n->out.grad, block, c),
                             esp__rows_of(to, block, c),
                             side ? esp__rows_of(side, block, c) : (esp__rows){0}, k);
}

/* For an input without gradient (the images) only the residual gets one, which is g itself:
 * a = 1. */
static void back_to_residual(esp_graph *g, esp__node *n, int block, int c) {
  esp__normalise_back k = {.a = 1.0f, .add = n->add[1]};
  run_back(g, n, block, c, &n->in[1]->grad, NULL, &k);
}

/* With running statistics mean and variance are constants: only the first term is left. */
static void back_plane(esp_graph *g, esp__node *n, int block, int c) {
  const esp__batchnorm_state *s = n->state;
  const double share = g->pass.training ? 1.0 / pixels_of(g, &n->in[0]->data) : 0.0,
               r = 1.0 / sqrt(s->var[c] + esp__batchnorm_epsilon),
               a = (double)n->param[ESP_BN_SCALE]->value[c] * r;
  esp__normalise_back k = {.mean = (float)s->mean[c],
                           .a = (float)a,
                           .b = (float)(-a * r * r * s->total[n->out.data.channels + c] * share),
                           .c = (float)(-a * s->total[c] * share),
                           .add = n->add[0],
                           .add_residual = n->add[1]};
  run_back(g, n, block, c, &n->in[0]->grad,
           n->inputs == 2 && n->in[1]->grad.data ? &n->in[1]->grad : NULL, &k);
}

static void backward(esp_graph *g, esp__node *n) {
  const bool to_input = n->in[0]->grad.data, to_residual = n->inputs == 2 && n->in[1]->grad.data;
  two_passes(g, n, sum_plane, sum_channel,
             to_input      ? back_plane
             : to_residual ? back_to_residual
                           : NULL);
}

static const esp__op batchnorm = {.name = "batch norm",
                                  .kind = ESP_OPERATION_BATCHNORM,
                                  .plan = plan,
                                  .forward = forward,
                                  .backward = backward,
                                  .tangent = &esp__tangent_batchnorm,
                                  .in_place = true,
                                  .normalises = true};

esp_status esp_graph_batchnorm(esp_graph *g, esp_value *x, esp_bn_params params,
                               esp_value *residual, bool relu, esp_value **y, esp_error *err) {
  esp__node *n;
  const esp_shape shape = esp__shape_of(&x->data);
  ESP_TRY(esp__shape_batchnorm(shape, &params, err));
  if (residual) ESP_TRY(esp__shape_add(shape, esp__shape_of(&residual->data), err));
  ESP_TRY(esp__node_add(g, &batchnorm, x, residual, shape, &n, err));
  n->out.needs_grad = true;
  n->attr.relu = relu;
  n->param[ESP_BN_SCALE] = params.scale;
  n->param[ESP_BN_SHIFT] = params.shift;
  n->param[ESP_BN_MEAN] = params.mean;
  n->param[ESP_BN_VAR] = params.var;
  *y = &n->out;
  return ESP_OK;
}
