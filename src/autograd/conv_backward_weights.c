/* Gradients of weights and biases: products summed image by image over a chunk of blocks, then the
 * images reduced, then the chunks added (partials.h). With a mask, the nonzero weights alone: the
 * same sums, fewer of them. */
#include "autograd/conv_plan.h"
#include "autograd/partials.h"

#include <string.h>

/* How many of the pixels a chunk has; the last one of a part may have fewer blocks. */
static int pixels_of_chunk(const esp__conv_plan *p, esp__block_range chunk, int pixels) {
  return pixels / p->chunk * (chunk.end - chunk.begin);
}

static float *partial_of(const esp_graph *g, int chunk, size_t count) {
  return (float *)g->workspace + (size_t)chunk * count;
}

/* Where the sums of all weights go: with a single chunk they are the gradient. */
static float *dense_sums(const esp_graph *g, const esp_param *w, int chunk, int chunks) {
  return chunks == 1 ? w->grad : partial_of(g, chunk, w->count);
}

/* ---- all weights ---- */

/* Outputs that a thread sums at a time: over few pixels all, for there the kernel reorders what it
 * reads of x once for all of them, and keeps no partial sums. */
static int outputs_together(const esp__conv_plan *p, int outputs) {
  return p->weights.geometry.all.pixels <= ESP_FEW_PIXELS ? outputs
                                                          : esp__least(outputs, ESP_WEIGHT_OUTPUTS);
}

/* How the weights are partitioned into work items, so that all threads have work. */
typedef struct partition {
  int outputs, channels, output_parts, channel_parts;
} partition;

static partition partition_of(const esp_graph *g, const esp__node *n, const esp__conv_plan *p,
                              int chunks) {
  const int outputs = n->out.grad.channels / p->window.groups,
            channels = n->in[0]->data.channels / p->window.groups, taps = p->weights.geometry.taps;
  partition c = {outputs_together(p, outputs),
                 taps < ESP_WEIGHT_COLUMNS ? esp__least(channels, ESP_WEIGHT_COLUMNS / taps) : 1, 1,
                 1};
  c.channel_parts = esp__ceil_div(channels, c.channels);
  const int others = chunks * p->window.groups * c.channel_parts,
            wanted = g->threads > 1 ? 4 * g->threads : 1;
  while (c.outputs > ESP_TILE && others * esp__ceil_div(outputs, c.outputs) < wanted)
    c.outputs = esp__ceil_div(c.outputs, 2 * ESP_TILE) * ESP_TILE;
  c.output_parts = esp__ceil_div(outputs, c.outputs);
  return c;
}

/* Some outputs and channels of a group over one chunk. */
typedef struct work_item {
  int chunk, chunks, group, output, outputs, channel, channels;
} work_item;

static work_item item_of(const esp__node *n, const esp__conv_plan *p, const partition *c,
                         int chunks, int i) {
  const int groups = p->window.groups, outputs = n->out.grad.channels / groups,
            channels = n->in[0]->data.channels / groups;
  const int channel = i % c->channel_parts * c->channels, rest = i / c->channel_parts,
            output = rest % c->output_parts * c->outputs;
  return (work_item){.chunk = rest / c->output_parts / groups,
                     .chunks = chunks,
                     .group = rest / c->output_parts % groups,
                     .output = output,
                     .outputs = esp__least(c->outputs, outputs - output),
                     .channel = channel,
                     .channels = esp__least(c->channels, channels - channel)};
}

static void dense_item(const esp_graph *g, const esp__node *n, const esp__conv_plan *p,
                       work_item i) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const esp__block_range chunk = esp__graph_chunk(g, p->chunk, i.chunk);
  const int channels = x->channels / p->window.groups, taps = p->weights.geometry.taps,
            output = i.group * (dy->channels / p->window.groups) + i.output, block = chunk.begin;
  const size_t columns = (size_t)channels * (size_t)taps;
  const esp__correlate_weights k = {
      .x = esp_plane(x, block, i.group * channels + i.channel),
      .y = esp_plane(dy, block, output),
      .y_channel = esp_channel_stride(dy),
      .pixel = p->weights.geometry.all.pixel,
      .pixels = pixels_of_chunk(p, chunk, p->weights.geometry.all.pixels),
      .column = p->column,
      .columns = i.channels * taps,
      .outputs = i.outputs,
      .sum = dense_sums(g, n->param[0], i.chunk, i.chunks) + (size_t)output * columns +
             (size_t)(i.channel * taps),
      .sum_stride = columns,
      .partial_sums = esp__graph_scratch(g)};
  g->kernels->correlate_weights(&k);
}

/* The gradient, from what all chunks have of it. */
static void add_all(const esp_graph *g, const esp__conv_plan *p, esp_param *w, int k) {
  const esp__partials partials = {partial_of(g, 0, w->count), w->count, p->chunk};
  float *to = esp__exchange_target(p->exchange, w, k);
  const size_t runs = (w->count + ESP_SPAN_RUN - 1) / ESP_SPAN_RUN;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (size_t i = 0; i < runs; i++) {
    const size_t from = i * ESP_SPAN_RUN, left = w->count - from;
    esp__partials_add_run(g, &partials, k, from, left < ESP_SPAN_RUN ? left : ESP_SPAN_RUN, to);
  }
}

static void dense(esp_graph *g, esp__node *n, esp__conv_plan *p, int chunks) {
  const partition c = partition_of(g, n, p, chunks);
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < chunks * p->window.groups * c.output_parts * c.channel_parts; i++)
    dense_item(g, n, p, item_of(n, p, &c, chunks, i));
  for (int k = 0; chunks > 1 && k < g->shares.own_spans; k++) add_all(g, p, n->param[0], k);
}

/* ---- the nonzero weights ---- */

/* The gradient of pruned weights is not computed: it is 0 from the mask's change on. */
static void clear(esp__conv_plan *p, esp_param *w) {
  if (p->cleared == w->mask->generation) return;
  memset(w->grad, 0, w->count * sizeof(float));
  p->cleared = w->mask->generation;
}

/* Sums of a chunk. */
static size_t sums_of(const esp__sparse *s) {
  return (size_t)esp__sparse_nnz(s) * (size_t)s->tile_rows;
}

/* Some rows of the sparse structure over one chunk. */
static void csr_item(const esp_graph *g, const esp__node *n, const esp__conv_plan *p, int chunk,
                     int first, int rows) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const esp__block_range r = esp__graph_chunk(g, p->chunk, chunk);
  const esp__sparse *s = p->weights.sparse;
  const esp__pixel_set *l = &p->weights.geometry.all;
  const esp__correlate_weights_csr k = {.x = esp_plane(x, r.begin, 0),
                                        .y = esp_plane(dy, r.begin, first),
                                        .y_channel = esp_channel_stride(dy),
                                        .pixel = l->pixel,
                                        .pixels = pixels_of_chunk(p, r, l->pixels),
                                        .patch = l->patch,
                                        .run = l->run,
                                        .step = l->step,
                                        .row_ptr = s->row_ptr + first,
                                        .blocks = s->blocks,
                                        .rows = s->rows,
                                        .col = s->col,
                                        .outputs = rows,
                                        .prefetch = esp__pixel_set_prefetch(l, x),
                                        .sum = partial_of(g, chunk, sums_of(s)),
                                        .partial_sums = esp__graph_scratch(g)};
  g->kernels->correlate_weights_csr(&k);
}

static void bcsr_item(const esp_graph *g, const esp__node *n, const esp__conv_plan *p, int chunk,
                      int first, int rows) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const esp__block_range r = esp__graph_chunk(g, p->chunk, chunk);
  const esp__sparse *s = p->weights.sparse;
  const esp__pixel_set *l = &p->weights.geometry.all;
  const esp__correlate_weights_bcsr k = {
      .x = esp_plane(x, r.begin, 0),
      .y = esp_plane(dy, r.begin, 0),
      .y_channel = esp_channel_stride(dy),
      .pixel = l->pixel,
      .pixels = pixels_of_chunk(p, r, l->pixels),
      .row_ptr = s->row_ptr + first,
      .col = s->col,
      .perm = s->perm + first * ESP_TILE,
      .outputs = esp__least(rows * ESP_TILE, dy->channels - first * ESP_TILE),
      .sum = partial_of(g, chunk, sums_of(s)) + (size_t)s->row_ptr[first] * ESP_TILE,
      .partial_sums = esp__graph_scratch(g)};
  g->kernels->correlate_weights_bcsr(&k);
}

/* Rows whose sums fit a thread's scratch, and few enough that all threads have work. */
static int rows_together(const esp_graph *g, const esp__sparse *s, int chunks) {
  const int fit = s->max_row_nnz ? (int)(ESP_WEIGHT_SUMS / s->max_row_nnz) : s->rows,
            share = s->rows * chunks / (4 * g->threads);
  const int wanted = g->threads > 1 ? esp__least(fit, share) : fit;
  return wanted < 1 ? 1 : esp__least(wanted, s->rows);
}

/* The gradient, from what all chunks have of it. */
static void add_nonzero(const esp_graph *g, const esp__conv_plan *p, esp_param *w, int k) {
  const esp__sparse *s = p->weights.sparse;
  const size_t sums = sums_of(s), runs = (sums + ESP_SPAN_RUN - 1) / ESP_SPAN_RUN;
  const esp__partials partials = {partial_of(g, 0, sums), sums, p->chunk};
  float *to = esp__exchange_target(p->exchange, w, k);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (size_t i = 0; i < runs; i++) {
    float sum[ESP_SPAN_RUN];
    const size_t from = i * ESP_SPAN_RUN, left = sums - from;
    const int count = left < ESP_SPAN_RUN ? (int)left : ESP_SPAN_RUN;
    esp__partials_add(g, &partials, k, from, count, sum);
    for (int e = 0; e < count; e++)
      if (s->index[from + (size_t)e] != (uint32_t)ESP_NO_WEIGHT)
        to[s->index[from + (size_t)e]] = sum[e];
  }
}

static void sparse(esp_graph *g, esp__node *n, esp__conv_plan *p, int chunks) {
  const esp__sparse *s = p->weights.sparse;
  const int together = rows_together(g, s, chunks), items = esp__ceil_div(s->rows, together);
  clear(p, n->param[0]);
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < chunks * items; i++) {
    const int first = i % items * together;
    (s->tile_rows == 1 ? csr_item : bcsr_item)(g, n, p, i / items, first,
                                               esp__least(together, s->rows - first));
  }
  for (int k = 0; k < g->shares.own_spans; k++) add_nonzero(g, p, n->param[0], k);
}

/* Outputs and channels without weights are not computed, unless asked for. */
static void by_winograd(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  esp__autotune_skip(&p->weights_autotune, ESP_BY_WINOGRAD);
  if (g->pass.dense_gradients || !n->param[0]->mask)
    p->cleared = 0;
  else
    clear(p, n->param[0]);
  const esp__weight_chunks chunks = {p->chunk, esp__graph_chunks(g, p->chunk), p->exchange};
  esp__winograd_backward_weights(g, n, p->winograd, &chunks);
}

/* The process's own spans. */
static void sum_weights(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  if (esp__winograd_pays(p->winograd, n)) {
    by_winograd(g, n, p);
    return;
  }
  /* The stopwatch is not asked where all gradients are wanted, and would go on saying Winograd. */
  if (p->weights_autotune.reason == ESP_BY_WINOGRAD)
    esp__autotune_skip(&p->weights_autotune, ESP_NO_MASK);
  const int chunks = esp__graph_chunks(g, p->chunk);
  const bool allowed = p->window.groups == 1 && !g->pass.dense_gradients;
  const esp__sparse_view nonzero = esp__conv_plan_sparse_view(n, &p->weights.geometry, 0);
  const bool wanted = allowed && esp__autotune_start(&p->weights_autotune, g, n->param[0],
                                                     esp__sparse_tile_rows(g, p->weights.sparse,
                                                                           &nonzero, n->param[0]));
  if (wanted && esp__sparse_update(g, p->weights.sparse, &nonzero, n->param[0])) {
    sparse(g, n, p, chunks);
  } else {
    dense(g, n, p, chunks);
    p->cleared = 0;
  }
  if (allowed) esp__autotune_stop(&p->weights_autotune);
}

void esp__conv_backward_weights(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  if (esp__graph_blocks(g) > 0) sum_weights(g, n, p);
  esp__exchange_begin(g, p->exchange);
}

/* Adds up a plane's sums in the order of the blocks. */
static double sum_blocks(esp__block_range part, const double *plane, int channels) {
  double sum = 0.0;
  for (int block = part.begin; block < part.end; block++) sum += plane[block * channels];
  return sum;
}

void esp__conv_backward_bias(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  const esp_tensor *dy = &n->out.grad;
  const int planes = esp__graph_planes(g, dy);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(dy, i);
    _Alignas(64) float sum[ESP_LANES], square[ESP_LANES];
    g->kernels->moments(esp__extent_of(dy), esp__rows_at(dy, at), 0.0f, sum, square);
    p->bias[i] = (double)esp__lanes_sum(sum);
  }
  double *sum = esp__shares_part_numbers(&g->shares);
  for (int i = 0; i < g->shares.parts; i++, sum += dy->channels)
    for (int c = 0; c < dy->channels; c++)
      sum[c] = sum_blocks(esp__graph_part(g, i), p->bias + c, dy->channels);
  const double *all = esp__shares_add(&g->shares, dy->channels);
  for (int c = 0; c < dy->channels; c++) n->param[1]->grad[c] = (float)all[c];
}
