/* Gradients of weights and biases: products summed image by image over a chunk of blocks, then the images
 * joined, then the chunks added in order. With a mask, the nonzero weights alone: the same sums, fewer of
 * them. */
#include "autograd/correlation.h"

#include <omp.h>
#include <string.h>

/* Sums of `width` outputs from `first` over one chunk, for the columns given; one number each to `to`. */
static void sum_chunk(const esp_graph *g, const esp_node *n, const esp_correlation *p, int chunk, int first,
                      int width, const int32_t *column, int columns, float *to) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const int outputs = dy->channels / p->window.groups, channels = x->channels / p->window.groups,
            block = chunk * p->chunk;
  const size_t room = (size_t)p->outputs * (size_t)channels * (size_t)p->weights.taps * ESP_LANES;
  float *lanes = p->lanes + (size_t)omp_get_thread_num() * room;
  const esp_correlate_weights k = {
      .x = esp_plane(x, block, first / outputs * channels),
      .y = esp_plane(dy, block, first),
      .y_channel = esp_channel_stride(dy),
      .pixel = p->weights.pixel,
      .pixels = p->weights.pixels / p->chunk * esp_least(p->chunk, esp_graph_blocks(g) - block),
      .column = column,
      .columns = columns,
      .outputs = width,
      .sum = to,
      .lanes = lanes};
  g->kernels->correlate_weights(&k);
}

static float sum_chunks(const float *partial, size_t stride, int chunks) {
  float sum = partial[0];
  for (int c = 1; c < chunks; c++) sum += partial[(size_t)c * stride];
  return sum;
}

static void dense(esp_graph *g, esp_node *n, esp_correlation *p, int chunks) {
  const int groups = p->window.groups, outputs = n->out.grad.channels / groups;
  const int pieces = esp_ceil_div(outputs, p->outputs),
            columns = n->in[0]->data.channels / groups * p->weights.taps;
  const size_t count = n->param[0]->count;
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < chunks * groups * pieces; i++) {
    const int o = i % pieces * p->outputs, first = i / pieces % groups * outputs + o,
              chunk = i / pieces / groups;
    sum_chunk(g, n, p, chunk, first, esp_least(p->outputs, outputs - o), p->column, columns,
              p->partial + (size_t)chunk * count + (size_t)first * (size_t)columns);
  }
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (size_t i = 0; i < count; i++) n->param[0]->grad[i] = sum_chunks(p->partial + i, count, chunks);
}

/* The gradient of pruned weights is not computed: it is 0 from the mask's change on. */
static void clear(esp_correlation *p, esp_param *w) {
  if (p->cleared == w->mask->generation) return;
  memset(w->grad, 0, w->count * sizeof(float));
  p->cleared = w->mask->generation;
}

static void sparse(esp_graph *g, esp_node *n, esp_correlation *p, int chunks) {
  const esp_sparse *s = &p->forward.sparse;
  const uint32_t entries = esp_sparse_entries(s);
  clear(p, n->param[0]);
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < chunks * s->outputs; i++) {
    const int o = i % s->outputs, chunk = i / s->outputs;
    const uint32_t first = s->start[o], last = s->start[o + 1];
    if (first < last)
      sum_chunk(g, n, p, chunk, o, 1, s->offset + first, (int)(last - first),
                p->partial + (size_t)chunk * entries + first);
  }
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (uint32_t e = 0; e < entries; e++)
    n->param[0]->grad[s->index[e]] = sum_chunks(p->partial + e, entries, chunks);
}

void esp_correlation_to_weights(esp_graph *g, esp_node *n, esp_correlation *p) {
  const int chunks = esp_ceil_div(esp_graph_blocks(g), p->chunk);
  const bool allowed = p->window.groups == 1 && !g->pass.dense_gradients;
  const bool wanted = allowed && esp_stopwatch_start(&p->weights_watch, g, n->param[0]);
  const esp_sparse_view nonzero = esp_correlation_view(n, p);
  if (wanted && esp_sparse_update(g, &p->forward.sparse, &nonzero, n->param[0])) {
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
