/* Dynamic channel pruning: feature boosting and suppression (Gao, Zhao, Dudziak, Mullins & Xu, ICLR
 * 2019).
 *
 * Of each image a small linear layer predicts, from the mean |x| of the channels that a convolution
 * reads, how much each of its outputs matters: g = max(0, mean|x| * phi + rho). The `keep` largest
 * of an image stay, the others are 0, and the outputs are multiplied by them. So a channel is
 * boosted or, for this image, suppressed: it need not be computed, nor read. The three operations
 * here are the parts of that which are no linear layer.
 *
 * Backward:
 *
 *     mean |x|   dx = sign(x) dy / pixels
 *     top k      dx = dy where the channel is kept, + penalty / images where g > 0
 *     gate       dx = dy * g;  dg = sum over the plane of dy * x
 *
 * The penalty is the L1 term of the paper. */
#include "autograd/node.h"
#include "autograd/shapes.h"

/* ---- mean |x|: (C, H, W) to the mean of |x| of each channel ---- */

static void mean_abs_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const int planes = esp__graph_planes(g, x);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(x, i);
    g->kernels->mean_abs(esp__extent_of(x), esp__rows_at(x, at),
                         esp_plane(y, at.block, at.channel));
  }
}

static void mean_abs_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *dy = &n->out.grad;
  if (!dx->data) return;
  const int planes = esp__graph_planes(g, x);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(x, i);
    g->kernels->mean_abs_back(esp__extent_of(x), esp__rows_at(x, at),
                              esp_plane(dy, at.block, at.channel), esp__rows_at(dx, at), n->add[0]);
  }
}

static const esp__op mean_abs = {.name = "squeeze",
                                 .kind = ESP_OPERATION_MEAN_ABS,
                                 .forward = mean_abs_forward,
                                 .backward = mean_abs_backward};

esp_status esp_graph_mean_abs(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, &mean_abs, x, NULL, (esp_shape){x->data.channels, 1, 1}, &n, err));
  *y = &n->out;
  return ESP_OK;
}

/* ---- top k: the `keep` largest numbers of an image, if above 0 ---- */

/* The channels of a block, as rows of one pixel. */
static esp__rows channels_of(const esp_tensor *t, int block) {
  return (esp__rows){esp_plane(t, block, 0), esp_channel_stride(t)};
}

static void top_k_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const int blocks = esp__graph_blocks(g);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int block = 0; block < blocks; block++)
    g->kernels->top_k(y->channels, n->attr.top_k.keep, channels_of(x, block),
                      channels_of(y, block));
}

static void top_k_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *y = &n->out.data,
                   *dy = &n->out.grad;
  const float penalty = n->attr.top_k.penalty / (float)esp__graph_all_images(g);
  if (!dx->data) return;
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    const float *from = esp_plane(x, at.block, at.channel),
                *kept = esp_plane(y, at.block, at.channel),
                *up = esp_plane(dy, at.block, at.channel);
    float *to = esp_plane(dx, at.block, at.channel);
    const int valid = esp_lanes_valid(esp__graph_images(g), at.block);
    for (int l = 0; l < ESP_LANES; l++) {
      float v = kept[l] > 0.0f ? up[l] : 0.0f;
      if (l < valid && from[l] > 0.0f) v += penalty;
      to[l] = n->add[0] ? to[l] + v : v;
    }
  }
}

static const esp__op top_k = {.name = "winners",
                              .kind = ESP_OPERATION_TOP_K,
                              .forward = top_k_forward,
                              .backward = top_k_backward,
                              .ranks = true};

esp_status esp_graph_top_k(esp_graph *g, esp_value *x, esp_top_k_attr attr, esp_value **y,
                           esp_error *err) {
  esp__node *n;
  const esp_shape shape = esp__shape_of(&x->data);
  ESP_TRY(esp__shape_top_k(shape, attr, err));
  ESP_TRY(esp__node_add(g, &top_k, x, NULL, shape, &n, err));
  n->attr.top_k = attr;
  *y = &n->out;
  return ESP_OK;
}

/* ---- gate: y = x * by ---- */

static void gate_forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *by = &n->in[1]->data, *y = &n->out.data;
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    g->kernels->scale_images(esp__extent_of(y), esp__rows_at(x, at),
                             esp_plane(by, at.block, at.channel), esp__rows_at(y, at), false);
  }
}

static void gate_to_factors(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dby = &n->in[1]->grad, *dy = &n->out.grad;
  const int planes = esp__graph_planes(g, x);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(x, i);
    float sum[ESP_LANES], *to = esp_plane(dby, at.block, at.channel);
    g->kernels->dot_images(esp__extent_of(x), esp__rows_at(x, at), esp__rows_at(dy, at), sum);
    for (int l = 0; l < ESP_LANES; l++) to[l] = n->add[1] ? to[l] + sum[l] : sum[l];
  }
}

static void gate_backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad, *by = &n->in[1]->data, *dy = &n->out.grad;
  if (n->in[1]->grad.data) gate_to_factors(g, n);
  if (!dx->data) return;
  const int planes = esp__graph_planes(g, dx);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(dx, i);
    g->kernels->scale_images(esp__extent_of(dx), esp__rows_at(dy, at),
                             esp_plane(by, at.block, at.channel), esp__rows_at(dx, at), n->add[0]);
  }
}

static const esp__op gate = {.name = "gate",
                             .kind = ESP_OPERATION_GATE,
                             .forward = gate_forward,
                             .backward = gate_backward,
                             .gates = true,
                             .conditional = true};

esp_status esp_graph_gate(esp_graph *g, esp_value *x, esp_value *by, esp_value **y,
                          esp_error *err) {
  esp__node *n;
  const esp_shape shape = esp__shape_of(&x->data);
  ESP_TRY(esp__shape_gate(shape, esp__shape_of(&by->data), err));
  ESP_TRY(esp__node_add(g, &gate, x, by, shape, &n, err));
  *y = &n->out;
  return ESP_OK;
}
