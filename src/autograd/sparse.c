#include "autograd/sparse.h"

#include "autograd/conv_geometry.h"
#include "base/clock.h"

enum {
  TRIALS = 4,
  WORTH_WAITING = 4 /* entries of a list, below which storing the sums costs more than it saves */
};
/* Density above which lists of single outputs cannot win. Tiles do what a dense kernel does with
 * fewer places, so there must be fewer; and they must hold mostly weights, since lists of single
 * outputs waste nothing. */
static const double worth_trying = 0.7, fewer_places = 0.95, mostly_weights = 0.6;

static size_t weight_at(const esp__sparse_view *v, int o, int c, int t) {
  return (size_t)o * v->output_stride + (size_t)c * v->channel_stride +
         (size_t)v->place[v->tap[t].weight];
}

/* The outputs of a row. */
static int output_of(const esp__sparse *s, int row, int i) {
  return s->width == 1 ? row : s->order[row * s->width + i];
}
static int outputs_of(const esp__sparse *s, const esp__sparse_view *v, int row) {
  return esp__least(s->width, v->outputs - row * s->width);
}

/* ---- the width ---- */

static bool is_live(const esp__sparse_view *v, const uint8_t *keep, int o) {
  for (int c = 0; c < v->channels; c++)
    for (int t = 0; t < v->taps; t++)
      if (keep[weight_at(v, o, c, t)]) return true;
  return false;
}

/* Outputs with weights in front, in their order; the others behind. */
static void sort_outputs(esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep) {
  int live = 0, dead = v->outputs;
  for (int o = 0; o < v->outputs; o++) s->order[is_live(v, keep, o) ? live++ : --dead] = o;
}

static bool is_entry(const esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep, int row,
                     int c, int t) {
  for (int i = 0; i < outputs_of(s, v, row); i++)
    if (keep[weight_at(v, output_of(s, row, i), c, t)]) return true;
  return false;
}

/* The weights of one row in the channels from `first` to `end`. */
typedef struct cell {
  int row, first, end;
} cell;

static uint32_t count_cell(const esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep,
                           cell i) {
  uint32_t count = 0;
  for (int c = i.first; c < i.end; c++)
    for (int t = 0; t < v->taps; t++) count += is_entry(s, v, keep, i.row, c, t);
  return count;
}

/* Whether tiles hold mostly weights. */
static bool worth_tiles(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                        const esp_mask *m) {
  size_t entries = 0, kept = 0;
  s->width = ESP_TILE;
  sort_outputs(s, v, m->keep);
  const int rows = esp__ceil_div(v->outputs, ESP_TILE);
#pragma omp parallel for schedule(static) num_threads(g->threads) reduction(+ : entries, kept)
  for (int row = 0; row < rows; row++) {
    entries += count_cell(s, v, m->keep, (cell){row, 0, v->channels});
    for (int i = 0; i < outputs_of(s, v, row); i++)
      for (int c = 0; c < v->channels; c++)
        for (int t = 0; t < v->taps; t++) kept += m->keep[weight_at(v, output_of(s, row, i), c, t)];
  }
  const double places = (double)(entries * ESP_TILE);
  return (double)kept >= mostly_weights * places && places <= fewer_places * (double)m->count;
}

int esp__sparse_width(esp_graph *g, esp__sparse *s, const esp__sparse_view *v, const esp_param *p) {
  if (!p->mask || g->sparse == ESP_SPARSE_OFF) return 1;
  if (s->shaped == p->mask->generation && s->order) return s->width;
  s->built = false;
  s->shaped = p->mask->generation;
  if (!s->order &&
      esp__graph_alloc(g, (size_t)v->outputs * sizeof *s->order, &s->order, NULL) != ESP_OK)
    return s->width = 1;
  if (!worth_tiles(g, s, v, p->mask)) s->width = 1;
  return s->width;
}

/* ---- the lists ---- */

/* Room for the entries the mask has; masks mostly shrink, so it seldom has to be made again. */
static bool make_memory(esp_graph *g, esp__sparse *s, size_t entries) {
  const size_t sums = entries * (size_t)s->width;
  if (s->entries < entries || !s->offset) {
    if (esp__graph_alloc(g, entries * sizeof *s->offset, &s->offset, NULL) != ESP_OK) return false;
    s->entries = entries;
  }
  if (s->sums >= sums && s->index) return true;
  if (esp__graph_alloc(g, sums * sizeof *s->index, &s->index, NULL) != ESP_OK ||
      esp__graph_alloc(g, sums * sizeof *s->value, &s->value, NULL) != ESP_OK)
    return false;
  s->sums = sums;
  return true;
}

static bool make_lists(esp_graph *g, esp__sparse *s, size_t lists) {
  if (s->lists >= lists && s->start) return true;
  if (esp__graph_alloc(g, (lists + 1) * sizeof *s->start, &s->start, NULL) != ESP_OK) return false;
  s->lists = lists;
  return true;
}

static cell cell_at(const esp__sparse *s, const esp__sparse_view *v, int block, int i) {
  const int b = i / s->rows;
  return (cell){i % s->rows, b * block, esp__least(v->channels, (b + 1) * block)};
}

static void list_entry(esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep, int row,
                       int c, int t, uint32_t e) {
  s->offset[e] = (int32_t)((size_t)c * v->x_channel) + v->tap[t].x;
  uint32_t *index = s->index + (size_t)e * (size_t)s->width;
  for (int i = 0; i < s->width; i++) {
    index[i] = (uint32_t)ESP_NO_WEIGHT;
    if (i >= outputs_of(s, v, row)) continue;
    const size_t w = weight_at(v, output_of(s, row, i), c, t);
    if (keep[w]) index[i] = (uint32_t)w;
  }
}

static void list_cell(esp__sparse *s, const esp__sparse_view *v, const uint8_t *keep, cell i,
                      uint32_t e) {
  for (int c = i.first; c < i.end; c++)
    for (int t = 0; t < v->taps; t++)
      if (is_entry(s, v, keep, i.row, c, t)) list_entry(s, v, keep, i.row, c, t, e++);
}

/* Channels in a block: more than asked where hardly anything is left; all with tiles, whose kernel
 * has no blocks. */
static int block_of(const esp__sparse *s, const esp__sparse_view *v, const esp_mask *m) {
  const double per_channel = (double)m->kept / (double)m->count * v->taps;
  const double wanted = WORTH_WAITING / (per_channel > 1e-6 ? per_channel : 1e-6);
  if (s->width > 1 || wanted >= v->channels || v->block >= v->channels) return v->channels;
  return wanted > v->block ? (int)wanted : v->block;
}

/* The most weights that one row has. */
static uint32_t most_of(const esp__sparse *s) {
  uint32_t most = 0;
  for (int r = 0; r < s->rows; r++) {
    uint32_t sum = 0;
    for (int b = 0; b < s->blocks; b++)
      sum += s->start[b * s->rows + r + 1] - s->start[b * s->rows + r];
    if (sum > most) most = sum;
  }
  return most * (uint32_t)s->width;
}

bool esp__sparse_update(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                        const esp_param *p) {
  esp__sparse_width(g, s, v, p);
  if (s->built && s->generation == p->mask->generation) return true;
  const uint8_t *keep = p->mask->keep;
  const int block = block_of(s, v, p->mask);
  s->rows = esp__ceil_div(v->outputs, s->width);
  s->blocks = esp__ceil_div(v->channels, block);
  const int cells = s->blocks * s->rows;
  s->built = false;
  if (!make_lists(g, s, (size_t)cells)) return false;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < cells; i++) s->start[i + 1] = count_cell(s, v, keep, cell_at(s, v, block, i));
  for (int i = 0; i < cells; i++) s->start[i + 1] += s->start[i];
  if (!make_memory(g, s, esp__sparse_entries(s))) return false;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < cells; i++) list_cell(s, v, keep, cell_at(s, v, block, i), s->start[i]);
  s->most = most_of(s);
  s->generation = p->mask->generation;
  s->built = true;
  return true;
}

void esp__sparse_fetch(esp__sparse *s, const esp_param *p) {
  const uint32_t sums = esp__sparse_entries(s) * (uint32_t)s->width;
#pragma omp for schedule(static) nowait
  for (uint32_t e = 0; e < sums; e++)
    s->value[e] = s->index[e] == (uint32_t)ESP_NO_WEIGHT ? 0.0f : p->value[s->index[e]];
}

/* ---- the choice ---- */

static bool differs(double a, double b) {
  return a > 1.1 * b || b > 1.1 * a;
}

static bool choose(esp__autotune *w, bool sparse, esp_kernel_reason reason) {
  w->reason = reason;
  return w->sparse = sparse;
}

static bool is_faster(const esp__autotune *w) {
  return w->seconds[1] < w->seconds[0];
}

bool esp__autotune_start(esp__autotune *w, const esp_graph *g, const esp_param *p, int width) {
  w->running = false;
  if (!p->mask) return choose(w, false, ESP_NO_MASK);
  if (g->sparse != ESP_SPARSE_AUTO) return choose(w, g->sparse == ESP_SPARSE_ON, ESP_FORCED);
  const double density = (double)p->mask->kept / (double)p->mask->count;
  if (width == 1 && density > worth_trying) return choose(w, false, ESP_TOO_DENSE);
  if (w->generation != p->mask->generation && differs(density, w->density)) {
    w->trials = 0;
    w->seconds[0] = w->seconds[1] = 1e9;
    w->density = density;
  }
  w->generation = p->mask->generation;
  if (w->trials >= TRIALS) return choose(w, is_faster(w), ESP_FASTER);
  w->running = true;
  w->started = esp__seconds();
  return choose(w, w->trials % 2 == 1, ESP_UNMEASURED);
}

void esp__autotune_stop(esp__autotune *w) {
  if (!w->running) return;
  const double seconds = esp__seconds() - w->started;
  if (seconds < w->seconds[w->sparse]) w->seconds[w->sparse] = seconds;
  w->running = false;
  if (++w->trials == TRIALS) choose(w, is_faster(w), ESP_FASTER);
}

void esp__autotune_skip(esp__autotune *w, esp_kernel_reason reason) {
  w->running = false;
  w->density = 0.0; /* whatever was measured is too long ago */
  choose(w, false, reason);
}
