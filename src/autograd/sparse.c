#include "autograd/sparse.h"

#include "autograd/lists.h"
#include "base/clock.h"

enum { TRIALS = 4 };
static const double worth_trying = 0.7; /* density above which a list cannot win */

enum {
  WORTH_WAITING = 4
}; /* entries of an output in a block, below which storing the sums costs more than it saves */

/* Room for the entries the mask has; masks mostly shrink, so it seldom has to be made again. */
static bool make_memory(esp_graph *g, esp_sparse *s, size_t lists, size_t entries) {
  if (s->lists < lists && esp_graph_alloc(g, (lists + 1) * sizeof *s->start, &s->start, NULL) != ESP_OK)
    return false;
  s->lists = s->lists < lists ? lists : s->lists;
  if (s->entries >= entries && s->offset) return true;
  s->entries = entries;
  return esp_graph_alloc(g, entries * sizeof *s->offset, &s->offset, NULL) == ESP_OK &&
         esp_graph_alloc(g, entries * sizeof *s->index, &s->index, NULL) == ESP_OK &&
         esp_graph_alloc(g, entries * sizeof *s->value, &s->value, NULL) == ESP_OK;
}

static size_t weight_at(const esp_sparse_view *v, int o, int c, int t) {
  return (size_t)o * v->output_stride + (size_t)c * v->channel_stride + (size_t)v->place[t];
}

/* The weights of one output in the channels from `first` to `end`. */
typedef struct cell {
  int output, first, end;
} cell;

static cell cell_at(const esp_sparse_view *v, int block, int i) {
  const int b = i / v->outputs;
  return (cell){i % v->outputs, b * block, esp_least(v->channels, (b + 1) * block)};
}

static uint32_t count_cell(const esp_sparse_view *v, const uint8_t *keep, cell i) {
  uint32_t count = 0;
  for (int c = i.first; c < i.end; c++)
    for (int t = 0; t < v->taps; t++) count += keep[weight_at(v, i.output, c, t)];
  return count;
}

static void list_cell(esp_sparse *s, const esp_sparse_view *v, const uint8_t *keep, cell i, uint32_t e) {
  for (int c = i.first; c < i.end; c++)
    for (int t = 0; t < v->taps; t++) {
      const size_t w = weight_at(v, i.output, c, t);
      if (!keep[w]) continue;
      s->offset[e] = (int32_t)((size_t)c * v->x_channel) + v->tap[t];
      s->index[e++] = (uint32_t)w;
    }
}

/* Channels in a block: more than asked where hardly anything is left. */
static int block_of(const esp_sparse_view *v, const esp_mask *m) {
  const double per_channel = (double)m->kept / (double)m->count * v->taps;
  const double wanted = WORTH_WAITING / (per_channel > 1e-6 ? per_channel : 1e-6);
  if (wanted >= v->channels || v->block >= v->channels) return v->channels;
  return wanted > v->block ? (int)wanted : v->block;
}

/* The most entries that one output has. */
static uint32_t most_of(const esp_sparse *s) {
  uint32_t most = 0;
  for (int o = 0; o < s->outputs; o++) {
    uint32_t sum = 0;
    for (int b = 0; b < s->blocks; b++)
      sum += s->start[b * s->outputs + o + 1] - s->start[b * s->outputs + o];
    if (sum > most) most = sum;
  }
  return most;
}

bool esp_sparse_update(esp_graph *g, esp_sparse *s, const esp_sparse_view *v, const esp_param *p) {
  if (s->built && s->generation == p->mask->generation) return true;
  const uint8_t *keep = p->mask->keep;
  const int block = block_of(v, p->mask);
  s->outputs = v->outputs;
  s->blocks = esp_ceil_div(v->channels, block);
  const int cells = s->blocks * s->outputs;
  s->built = false;
  if (!make_memory(g, s, (size_t)cells, p->mask->kept)) return false;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < cells; i++) s->start[i + 1] = count_cell(v, keep, cell_at(v, block, i));
  for (int i = 0; i < cells; i++) s->start[i + 1] += s->start[i];
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < cells; i++) list_cell(s, v, keep, cell_at(v, block, i), s->start[i]);
  s->most = most_of(s);
  s->generation = p->mask->generation;
  s->built = true;
  return true;
}

void esp_sparse_fetch(esp_sparse *s, const esp_param *p) {
  const uint32_t entries = esp_sparse_entries(s);
#pragma omp for schedule(static) nowait
  for (uint32_t e = 0; e < entries; e++) s->value[e] = p->value[s->index[e]];
}

/* ---- the choice ---- */

static bool differs(double a, double b) {
  return a > 1.1 * b || b > 1.1 * a;
}

static bool choose(esp_stopwatch *w, bool sparse, esp_reason reason) {
  w->reason = reason;
  return w->sparse = sparse;
}

static bool is_faster(const esp_stopwatch *w) {
  return w->seconds[1] < w->seconds[0];
}

bool esp_stopwatch_start(esp_stopwatch *w, const esp_graph *g, const esp_param *p) {
  w->running = false;
  if (!p->mask) return choose(w, false, ESP_NO_MASK);
  if (g->sparse != ESP_SPARSE_AUTO) return choose(w, g->sparse == ESP_SPARSE_ON, ESP_FORCED);
  const double density = (double)p->mask->kept / (double)p->mask->count;
  if (density > worth_trying) return choose(w, false, ESP_TOO_DENSE);
  if (w->generation != p->mask->generation && differs(density, w->density)) {
    w->trials = 0;
    w->seconds[0] = w->seconds[1] = 1e9;
    w->density = density;
  }
  w->generation = p->mask->generation;
  if (w->trials >= TRIALS) return choose(w, is_faster(w), ESP_FASTER);
  w->running = true;
  w->started = esp_seconds();
  return choose(w, w->trials % 2 == 1, ESP_UNMEASURED);
}

void esp_stopwatch_stop(esp_stopwatch *w) {
  if (!w->running) return;
  const double seconds = esp_seconds() - w->started;
  if (seconds < w->seconds[w->sparse]) w->seconds[w->sparse] = seconds;
  w->running = false;
  if (++w->trials == TRIALS) choose(w, is_faster(w), ESP_FASTER);
}
