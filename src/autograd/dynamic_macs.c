/* Counts what each image needs: gates, and zeros among the activations, make work that an engine
 * for single images can leave out. (This one computes 16 images at a time, so it counts only.) */
#include "autograd/conv_plan.h"
#include "autograd/sequence.h"

#include <omp.h>
#include <string.h>

/* What the passes count. */
typedef struct esp__macs_counter {
  bool on;
  int64_t *image;    /* [blocks][16] multiply-adds of the pass so far */
  size_t per_thread; /* cells of 16 counts */
  uint32_t *reads;   /* [threads][per_thread][16] */
} esp__macs_counter;

void esp__macs_count_start(esp_graph *g) {
  if (!g->macs_counter || !g->macs_counter->on) return;
  memset(g->macs_counter->image, 0,
         (size_t)esp__graph_blocks(g) * ESP_LANES * sizeof *g->macs_counter->image);
}

static const esp__window *window_of(const esp__node *n) {
  const esp__conv_plan *c = n->state;
  return &c->window;
}

/* ---- what a layer reads ---- */

/* Along one axis: the outputs [first, end) at which a tap falls inside a plane of `size`. */
typedef struct range {
  int first, end;
} range;

static range inside(esp__window_axis a, int tap, int size, int outputs) {
  const int shift = a.padding - tap;
  range r = {shift > 0 ? esp__ceil_div(shift, a.stride) : 0, 0};
  const int last = size - 1 + shift;
  r.end = last < 0 ? 0 : esp__least(last / a.stride + 1, outputs);
  if (r.first > r.end) r.first = r.end;
  return r;
}

/* For a tap of a channel and each image: at how many outputs it reads something else than 0. A
 * channel that is not `live` is 0 all over; else what lies outside the plane is counted. */
static void count_tap(const esp_graph *g, const esp__node *n, esp__rows plane, int row, int column,
                      const uint32_t *live, uint32_t *reads) {
  const esp__window *w = window_of(n);
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const range v = inside(w->rows, row, x->height, y->height),
              h = inside(w->columns, column, x->width, y->width);
  const esp__extent e = {v.end - v.first, h.end - h.first};
  const uint32_t outside = (uint32_t)(y->height * y->width - e.rows * e.width);
  const bool some = e.rows > 0 && e.width > 0;
  const ptrdiff_t first_row = v.first * w->rows.stride + row - w->rows.padding,
                  first_column = h.first * w->columns.stride + column - w->columns.padding;
  const esp__rows from = {
      plane.at + (some ? first_row * (ptrdiff_t)plane.stride + first_column * ESP_LANES : 0),
      plane.stride * (size_t)w->rows.stride};
  g->kernels->count_images(e, from, (size_t)w->columns.stride * ESP_LANES, reads);
  for (int l = 0; l < ESP_LANES; l++) reads[l] += live[l] ? outside : 0;
}

/* reads[channel][tap][16] of a block of images. */
static void count_reads(const esp_graph *g, const esp__node *n, int block, uint32_t *reads) {
  const esp__window *w = window_of(n);
  const esp_tensor *x = &n->in[0]->data;
  for (int c = 0; c < x->channels; c++) {
    const esp__rows plane = esp__rows_of(x, block, c);
    uint32_t live[ESP_LANES];
    g->kernels->count_images(esp__extent_of(x), plane, ESP_LANES, live);
    for (int row = 0; row < w->rows.taps; row++)
      for (int column = 0; column < w->columns.taps; column++, reads += ESP_LANES)
        count_tap(g, n, plane, row, column, live, reads);
  }
}

/* ---- what an output needs ---- */

typedef struct sums {
  uint64_t of[ESP_LANES];
} sums;

/* Adds the reads of the weights that are (or are not) 0. */
static sums sum_where(const float *weight, size_t weights, bool zero, const uint32_t *reads) {
  sums s = {{0}};
  for (size_t k = 0; k < weights; k++)
    if ((weight[k] == 0.0f) == zero)
      for (int l = 0; l < ESP_LANES; l++) s.of[l] += reads[k * ESP_LANES + (size_t)l];
  return s;
}

static sums sum_all(size_t weights, const uint32_t *reads) {
  sums s = {{0}};
  for (size_t k = 0; k < weights; k++)
    for (int l = 0; l < ESP_LANES; l++) s.of[l] += reads[k * ESP_LANES + (size_t)l];
  return s;
}

/* The reads of an output's weights that are not 0; `all` are those of all weights, so the fewer are
 * added. */
static sums sum_output(const float *weight, size_t weights, const uint32_t *reads,
                       const sums *all) {
  size_t zeros = 0;
  for (size_t k = 0; k < weights; k++) zeros += weight[k] == 0.0f;
  if (zeros > weights / 2) return sum_where(weight, weights, false, reads);
  sums s = sum_where(weight, zeros ? weights : 0, true, reads);
  for (int l = 0; l < ESP_LANES; l++) s.of[l] = all->of[l] - s.of[l];
  return s;
}

/* The numbers by which the layer's outputs are multiplied in the end, if they are known before;
 * else NULL. */
static const esp_value *gate_behind(const esp_graph *g, const esp__node *n) {
  const esp__node *next = esp__only_reader(g, n);
  while (next && (next->op->normalises || next->op->activates)) next = esp__only_reader(g, next);
  if (!next || !next->op->gates) return NULL;
  return esp__maker_of(next->in[1])->index < n->index ? next->in[1] : NULL;
}

static void count_block(esp_graph *g, const esp__node *n, int block, const esp_value *gate,
                        uint32_t *reads) {
  const esp_param *w = n->param[0];
  const int groups = window_of(n)->groups, outputs = n->out.data.channels / groups;
  const size_t weights = w->count / (size_t)n->out.data.channels;
  int64_t *image = g->macs_counter->image + (size_t)block * ESP_LANES;
  count_reads(g, n, block, reads);
  for (int group = 0; group < groups; group++, reads += weights * ESP_LANES) {
    const sums all = sum_all(weights, reads);
    for (int o = group * outputs; o < (group + 1) * outputs; o++) {
      const sums s = sum_output(w->value + (size_t)o * weights, weights, reads, &all);
      const float *by = gate ? esp_plane(&gate->data, block, o) : NULL;
      for (int l = 0; l < ESP_LANES; l++)
        if (!by || by[l] != 0.0f) image[l] += (int64_t)s.of[l];
    }
  }
}

/* A recurrent layer multiplies at each token of a sequence but the first, which has nothing before
 * it. */
static void count_tokens(esp_graph *g, const esp__node *n) {
  const int64_t weights = (int64_t)esp_param_nonzero(n->param[0]);
  for (int block = 0; block < esp__graph_blocks(g); block++) {
    int64_t *image = g->macs_counter->image + (size_t)block * ESP_LANES;
    int32_t length[ESP_LANES];
    esp__sequence_lengths(n->in[0], block, length);
    for (int l = 0; l < ESP_LANES; l++) image[l] += weights * (length[l] - 1);
  }
}

void esp__macs_count_layer(esp_graph *g, const esp__node *n) {
  if (!g->macs_counter || !g->macs_counter->on) return;
  if (n->op->kind == ESP_OPERATION_RECURRENT) count_tokens(g, n);
  if (!n->op->convolves) return;
  const esp_value *gate = gate_behind(g, n);
  const int blocks = esp__graph_blocks(g);
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int block = 0; block < blocks; block++)
    count_block(g, n, block, gate,
                g->macs_counter->reads +
                    (size_t)omp_get_thread_num() * g->macs_counter->per_thread * ESP_LANES);
}

/* ---- asking ---- */

static esp_status make(esp_graph *g, esp_error *err) {
  esp__macs_counter *t;
  ESP_TRY(esp__graph_alloc(g, sizeof *t, &t, err));
  for (int i = 0; i < g->nodes; i++) {
    const esp__node *n = g->node[i];
    if (!n->op->convolves) continue;
    const size_t cells = (size_t)n->in[0]->data.channels * (size_t)esp__window_taps(window_of(n));
    if (cells > t->per_thread) t->per_thread = cells;
  }
  const size_t images = (size_t)esp_blocks_for(g->batch) * ESP_LANES;
  ESP_TRY(esp__graph_alloc(g, images * sizeof *t->image, &t->image, err));
  ESP_TRY(esp__graph_alloc(g, (size_t)g->threads * t->per_thread * ESP_LANES * sizeof *t->reads,
                           &t->reads, err));
  g->macs_counter = t;
  return ESP_OK;
}

esp_status esp_graph_count_dynamic_macs(esp_graph *g, bool on, esp_error *err) {
  if (on && !g->macs_counter) ESP_TRY(make(g, err));
  if (g->macs_counter) g->macs_counter->on = on;
  return ESP_OK;
}

const int64_t *esp_graph_dynamic_macs(const esp_graph *g) {
  return g->macs_counter->image;
}

bool esp_graph_conditional(const esp_graph *g) {
  for (int i = 0; i < g->nodes; i++)
    if (g->node[i]->op->conditional) return true;
  return false;
}
