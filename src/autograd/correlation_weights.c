/* Gradients of weights and biases: products summed image by image over a chunk of blocks, then the images
 * joined, then the chunks added in order. With a mask, the nonzero weights alone: the same sums, fewer of
 * them. */
#include "autograd/correlation.h"

#include <string.h>

/* How many of a list's pixels a chunk has; the last one may have fewer blocks. */
static int part_of(const esp_graph *g, const esp_correlation *p, int chunk, int pixels) {
  return pixels / p->chunk * esp_least(p->chunk, esp_graph_blocks(g) - chunk * p->chunk);
}

static float *partial_of(const esp_graph *g, int chunk, size_t count) {
  return (float *)g->workspace + (size_t)chunk * count;
}

static float sum_chunks(const float *partial, size_t stride, int chunks) {
  float sum = partial[0];
  for (int c = 1; c < chunks; c++) sum += partial[(size_t)c * stride];
  return sum;
}

/* ---- all weights ---- */

enum { OUTPUTS = 64, CHANNELS = 36 }; /* what the second-level cache has room for */

/* Some outputs and channels of a group over one chunk. */
typedef struct piece {
  int chunk, output, outputs, channel, channels;
} piece;

/* How the weights are cut into pieces, so that all threads have work. */
typedef struct cut {
  int outputs, channels, output_pieces, channel_pieces;
} cut;

static cut cut_of(const esp_graph *g, const esp_node *n, const esp_correlation *p, int chunks) {
  const int outputs = n->out.grad.channels / p->window.groups,
            channels = n->in[0]->data.channels / p->window.groups;
  cut c = {esp_least(outputs, OUTPUTS), esp_least(channels, CHANNELS), 1, 1};
  const int others = chunks * p->window.groups * esp_ceil_div(channels, c.channels),
            wanted = g->threads > 1 ? 4 * g->threads : 1;
  while (c.outputs > ESP_TILE && others * esp_ceil_div(outputs, c.outputs) < wanted)
    c.outputs = esp_ceil_div(c.outputs, 2 * ESP_TILE) * ESP_TILE;
  c.output_pieces = esp_ceil_div(outputs, c.outputs);
  c.channel_pieces = esp_ceil_div(channels, c.channels);
  return c;
}

static esp_correlate_weights kernel_of(const esp_graph *g, const esp_node *n, const esp_correlation *p,
                                       const piece *i) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const int group = i->output / (dy->channels / p->window.groups), channels = x->channels / p->window.groups,
            taps = p->weights.list.taps, block = i->chunk * p->chunk;
  const size_t next = (size_t)channels * (size_t)taps;
  return (esp_correlate_weights){.x = esp_plane(x, block, group * channels + i->channel),
                                 .y = esp_plane(dy, block, i->output),
                                 .y_channel = esp_channel_stride(dy),
                                 .outputs = i->outputs,
                                 .sum = partial_of(g, i->chunk, n->param[0]->count) +
                                        (size_t)i->output * next + (size_t)(i->channel * taps),
                                 .sum_output = next,
                                 .lanes = esp_graph_scratch(g)};
}

/* The channels at one tap after the other: no pixel is visited whose input is padding. */
static void tap_by_tap(const esp_graph *g, const esp_node *n, const esp_correlation *p, const piece *i) {
  const esp_lists *l = &p->weights.list;
  const esp_correlate_weights base = kernel_of(g, n, p, i);
  for (int t = 0; t < l->taps; t++) {
    esp_correlate_weights k = base;
    k.x += l->tap[t];
    k.pixel = p->at_tap[t].pixel;
    k.pixels = part_of(g, p, i->chunk, p->at_tap[t].pixels);
    k.column = p->column;
    k.columns = i->channels;
    k.sum += t;
    k.sum_column = (size_t)l->taps;
    g->kernels->correlate_weights(&k);
  }
}

/* All taps of a channel together: they share most of what they read. */
static void tap_with_tap(const esp_graph *g, const esp_node *n, const esp_correlation *p, const piece *i) {
  const esp_lists *l = &p->weights.list;
  esp_correlate_weights k = kernel_of(g, n, p, i);
  k.pixel = l->pixel;
  k.pixels = part_of(g, p, i->chunk, l->pixels);
  k.column = p->column;
  k.columns = i->channels * l->taps;
  k.sum_column = 1;
  g->kernels->correlate_weights(&k);
}

static void dense(esp_graph *g, esp_node *n, esp_correlation *p, int chunks) {
  const int groups = p->window.groups, outputs = n->out.grad.channels / groups,
            channels = n->in[0]->data.channels / groups;
  const cut c = cut_of(g, n, p, chunks);
  const size_t count = n->param[0]->count;
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < chunks * groups * c.output_pieces * c.channel_pieces; i++) {
    const int channel = i % c.channel_pieces * c.channels, rest = i / c.channel_pieces,
              output = rest % c.output_pieces * c.outputs, group = rest / c.output_pieces % groups;
    const piece k = {.chunk = rest / c.output_pieces / groups,
                     .output = group * outputs + output,
                     .outputs = esp_least(c.outputs, outputs - output),
                     .channel = channel,
                     .channels = esp_least(c.channels, channels - channel)};
    if (p->by_tap)
      tap_by_tap(g, n, p, &k);
    else
      tap_with_tap(g, n, p, &k);
  }
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (size_t i = 0; i < count; i++)
    n->param[0]->grad[i] = sum_chunks(partial_of(g, 0, count) + i, count, chunks);
}

/* ---- the nonzero weights ---- */

/* The gradient of pruned weights is not computed: it is 0 from the mask's change on. */
static void clear(esp_correlation *p, esp_param *w) {
  if (p->cleared == w->mask->generation) return;
  memset(w->grad, 0, w->count * sizeof(float));
  p->cleared = w->mask->generation;
}

static void sparse_piece(const esp_graph *g, const esp_node *n, const esp_correlation *p, int chunk,
                         int first, int width) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const esp_sparse *s = &p->weights.sparse;
  const esp_lists *l = &p->weights.list;
  const esp_correlate_weights_sparse k = {.x = esp_plane(x, chunk * p->chunk, 0),
                                          .y = esp_plane(dy, chunk * p->chunk, first),
                                          .y_channel = esp_channel_stride(dy),
                                          .pixel = l->pixel,
                                          .pixels = part_of(g, p, chunk, l->pixels),
                                          .patch = l->patch,
                                          .run = l->run,
                                          .step = l->step,
                                          .start = s->start + first,
                                          .blocks = s->blocks,
                                          .next = s->outputs,
                                          .offset = s->offset,
                                          .outputs = width,
                                          .sum = partial_of(g, chunk, esp_sparse_entries(s)),
                                          .lanes = esp_graph_scratch(g)};
  g->kernels->correlate_weights_sparse(&k);
}

/* Outputs whose sums fit a thread's scratch, and few enough that all threads have work. */
static int outputs_together(const esp_graph *g, const esp_sparse *s, int chunks) {
  const int fit = s->most ? (int)(ESP_WEIGHT_SUMS / s->most) : s->outputs,
            share = s->outputs * chunks / (4 * g->threads);
  const int wanted = g->threads > 1 ? esp_least(fit, share) : fit;
  return wanted < 1 ? 1 : esp_least(wanted, s->outputs);
}

static void sparse(esp_graph *g, esp_node *n, esp_correlation *p, int chunks) {
  const esp_sparse *s = &p->weights.sparse;
  const uint32_t entries = esp_sparse_entries(s);
  const int width = outputs_together(g, s, chunks), pieces = esp_ceil_div(s->outputs, width);
  clear(p, n->param[0]);
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < chunks * pieces; i++)
    sparse_piece(g, n, p, i / pieces, i % pieces * width, esp_least(width, s->outputs - i % pieces * width));
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (uint32_t e = 0; e < entries; e++)
    n->param[0]->grad[s->index[e]] = sum_chunks(partial_of(g, 0, entries) + e, entries, chunks);
}

void esp_correlation_to_weights(esp_graph *g, esp_node *n, esp_correlation *p) {
  const int chunks = esp_ceil_div(esp_graph_blocks(g), p->chunk);
  const bool allowed = p->window.groups == 1 && !g->pass.dense_gradients;
  const bool wanted = allowed && esp_stopwatch_start(&p->weights_watch, g, n->param[0]);
  const esp_sparse_view nonzero = esp_correlation_view(n, &p->weights.list);
  if (wanted && esp_sparse_update(g, &p->weights.sparse, &nonzero, n->param[0])) {
    sparse(g, n, p, chunks);
  } else {
    dense(g, n, p, chunks);
    p->cleared = 0;
  }
  if (allowed) esp_stopwatch_stop(&p->weights_watch);
}

void esp_correlation_to_bias(esp_graph *g, esp_node *n, esp_correlation *p) {
  const esp_tensor *dy = &n->out.grad;
  ESP_EACH_PLANE(g, dy, block, c) {
    _Alignas(64) float sum[ESP_LANES], square[ESP_LANES];
    g->kernels->moments(esp_extent_of(dy), esp_rows_of(dy, block, c), 0.0f, sum, square);
    p->bias[plane_] = (double)esp_lanes_sum(sum);
  }
  for (int c = 0; c < dy->channels; c++) {
    double sum = 0.0;
    for (int block = 0; block < esp_graph_blocks(g); block++) sum += p->bias[block * dy->channels + c];
    n->param[1]->grad[c] = (float)sum;
  }
}
