/* Attention of several heads (Vaswani et al. 2017), sequence by sequence. The input has queries,
 * keys and values one behind the other, each a third of the channels, and a head its part of each:
 *
 *     share[q][k] = softmax over k of (Q[q] . K[k] / sqrt(channels of a head))
 *     y[q] = sum over k of share[q][k] * V[k]
 *
 * Keys behind the end of a sequence get a share of 0. */
#include "autograd/sequence.h"
#include "autograd/shapes.h"

#include <math.h>

typedef struct state {
  float *share; /* [blocks][heads][queries][keys][16]; inference: NULL, the thread's scratch */
} state;

static int width_of(const esp__node *n) {
  return n->out.data.width;
}
static size_t table_floats(const esp__node *n) {
  return (size_t)(width_of(n) * width_of(n)) * ESP_LANES;
}

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  state *s;
  ESP_TRY(esp__graph_alloc(g, sizeof *s, &s, err));
  n->state = s;
  esp__graph_reserve_scratch(g, table_floats(n) * sizeof(float), 0);
  if (!n->out.grad.data) return ESP_OK;
  const size_t tables = (size_t)(n->out.data.blocks * n->attr.attention.heads);
  return esp__graph_alloc(g, tables * table_floats(n) * sizeof *s->share, &s->share, err);
}

/* A head of a block of images. */
typedef struct head {
  int block, number, channels;
  float scale;
} head;

static head head_of(const esp__node *n, int i) {
  const int heads = n->attr.attention.heads, channels = n->out.data.channels / heads;
  return (head){i / heads, i % heads, channels, 1.0f / sqrtf((float)channels)};
}

static float *shares_of(const esp_graph *g, const esp__node *n, const head *h) {
  const state *s = n->state;
  const size_t table = (size_t)(h->block * n->attr.attention.heads + h->number);
  return s->share ? s->share + table * table_floats(n) : esp__graph_scratch(g);
}

/* Queries (0), keys (1) or values (2) of a head; what it makes, where the tensor has only that. */
static float *part_of(const esp_tensor *t, const head *h, int which, int parts) {
  return esp_plane(t, h->block, t->channels / parts * which + h->number * h->channels);
}

/* Channels as rows, tokens as columns; and the other way. */
static esp__lane_matrix upright(float *at, const esp_tensor *t) {
  return (esp__lane_matrix){at, esp_channel_stride(t), ESP_LANES};
}
static esp__lane_matrix turned(float *at, const esp_tensor *t) {
  return (esp__lane_matrix){at, ESP_LANES, esp_channel_stride(t)};
}
static esp__lane_matrix table_of(float *at, int width) {
  return (esp__lane_matrix){at, (size_t)width * ESP_LANES, ESP_LANES};
}
static esp__lane_matrix turned_table_of(float *at, int width) {
  return (esp__lane_matrix){at, ESP_LANES, (size_t)width * ESP_LANES};
}

/* ---- forward ---- */

/* How many keys query q of each image may look at. */
static void visible(const esp__node *n, const int32_t *length, int q, int32_t *valid) {
  for (int l = 0; l < ESP_LANES; l++)
    valid[l] = n->attr.attention.causal && q + 1 < length[l] ? q + 1 : length[l];
}

static void share_out(const esp_graph *g, const esp__node *n, const head *h, float *share) {
  const esp_tensor *x = &n->in[0]->data;
  const int width = width_of(n);
  int32_t length[ESP_LANES], valid[ESP_LANES];
  const esp__lane_product scores = {.a = turned(part_of(x, h, 0, 3), x),
                                    .b = upright(part_of(x, h, 1, 3), x),
                                    .c = table_of(share, width),
                                    .rows = width,
                                    .columns = width,
                                    .terms = h->channels};
  g->kernels->lane_product(&scores);
  esp__sequence_lengths(n->in[0], h->block, length);
  for (int q = 0; q < width; q++) {
    visible(n, length, q, valid);
    g->kernels->attend(width, h->scale, valid, share + (size_t)(q * width) * ESP_LANES);
  }
}

static void forward_head(const esp_graph *g, const esp__node *n, int i) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const head h = head_of(n, i);
  const int width = width_of(n);
  float *share = shares_of(g, n, &h);
  share_out(g, n, &h, share);
  const esp__lane_product mix = {.a = upright(part_of(x, &h, 2, 3), x),
                                 .b = turned_table_of(share, width),
                                 .c = upright(part_of(y, &h, 0, 1), y),
                                 .rows = h.channels,
                                 .columns = width,
                                 .terms = width};
  g->kernels->lane_product(&mix);
}

static void forward(esp_graph *g, esp__node *n) {
  const int heads = esp__graph_blocks(g) * n->attr.attention.heads;
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < heads; i++) forward_head(g, n, i);
}

/* ---- backward ---- */

/* The gradient of the values, and of the scores. */
static void back_to_scores(const esp_graph *g, const esp__node *n, const head *h, float *share,
                           float *dscore) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *dy = &n->out.grad;
  const int width = width_of(n);
  float *up = part_of(dy, h, 0, 1);
  const esp__lane_product values = {.a = upright(up, dy),
                                    .b = table_of(share, width),
                                    .c = upright(part_of(dx, h, 2, 3), dx),
                                    .rows = h->channels,
                                    .columns = width,
                                    .terms = width,
                                    .add = n->add[0]};
  const esp__lane_product shares = {.a = turned(up, dy),
                                    .b = upright(part_of(x, h, 2, 3), x),
                                    .c = table_of(dscore, width),
                                    .rows = width,
                                    .columns = width,
                                    .terms = h->channels};
  g->kernels->lane_product(&values);
  g->kernels->lane_product(&shares);
  for (int q = 0; q < width; q++) {
    const size_t row = (size_t)(q * width) * ESP_LANES;
    g->kernels->attend_back(width, h->scale, share + row, dscore + row);
  }
}

/* From the scores to the queries (0), by the keys, or to the keys (1), by the queries. */
static void back_to(const esp_graph *g, const esp__node *n, const head *h, int which,
                    float *dscore) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad;
  const int width = width_of(n);
  const esp__lane_product k = {
      .a = upright(part_of(x, h, 1 - which, 3), x),
      .b = which == 0 ? turned_table_of(dscore, width) : table_of(dscore, width),
      .c = upright(part_of(dx, h, which, 3), dx),
      .rows = h->channels,
      .columns = width,
      .terms = width,
      .add = n->add[0]};
  g->kernels->lane_product(&k);
}

static void back_head(const esp_graph *g, const esp__node *n, int i) {
  const head h = head_of(n, i);
  float *dscore = esp__graph_scratch(g);
  back_to_scores(g, n, &h, shares_of(g, n, &h), dscore);
  back_to(g, n, &h, 0, dscore);
  back_to(g, n, &h, 1, dscore);
}

static void backward(esp_graph *g, esp__node *n) {
  const int heads = esp__graph_blocks(g) * n->attr.attention.heads;
  if (!n->in[0]->grad.data) return;
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < heads; i++) back_head(g, n, i);
}

static const esp__op attention = {.name = "attention",
                                  .kind = ESP_OPERATION_ATTENTION,
                                  .plan = plan,
                                  .forward = forward,
                                  .backward = backward,
                                  .flow = ESP_FLOW_HEADS};

esp_status esp_graph_attention(esp_graph *g, esp_value *x, esp_attention_attr attr, esp_value **y,
                               esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_attention(esp__shape_of(&x->data), attr, &shape, err));
  ESP_TRY(esp__node_add(g, &attention, x, NULL, shape, &n, err));
  n->attr.attention = attr;
  *y = &n->out;
  return ESP_OK;
}
