#include "autograd/sparse.h"

#include "base/clock.h"

enum { TRIALS = 4 };
static const double worth_trying = 0.7; /* density above which a list cannot win */

static bool make_memory(esp_graph *g, esp_sparse *s, const esp_sparse_view *v, const esp_param *p) {
  if (s->start) return true;
  s->outputs = v->outputs;
  return esp_graph_alloc(g, p->count * sizeof *s->offset, &s->offset, NULL) == ESP_OK &&
         esp_graph_alloc(g, p->count * sizeof *s->index, &s->index, NULL) == ESP_OK &&
         esp_graph_alloc(g, p->count * sizeof *s->value, &s->value, NULL) == ESP_OK &&
         esp_graph_alloc(g, (size_t)(v->outputs + 1) * sizeof *s->start, &s->start, NULL) == ESP_OK;
}

static size_t weight_at(const esp_sparse_view *v, int o, int c, int t) {
  return (size_t)o * v->output_stride + (size_t)c * v->channel_stride + (size_t)v->place[t];
}

static uint32_t count_output(const esp_sparse_view *v, const uint8_t *keep, int o) {
  uint32_t count = 0;
  for (int c = 0; c < v->channels; c++)
    for (int t = 0; t < v->taps; t++) count += keep[weight_at(v, o, c, t)];
  return count;
}

static void list_output(esp_sparse *s, const esp_sparse_view *v, const uint8_t *keep, int o) {
  uint32_t e = s->start[o];
  for (int c = 0; c < v->channels; c++)
    for (int t = 0; t < v->taps; t++) {
      const size_t w = weight_at(v, o, c, t);
      if (!keep[w]) continue;
      s->offset[e] = (int32_t)((size_t)c * v->x_channel) + v->tap[t];
      s->index[e++] = (uint32_t)w;
    }
}

bool esp_sparse_update(esp_graph *g, esp_sparse *s, const esp_sparse_view *v, const esp_param *p) {
  if (s->built && s->generation == p->mask->generation) return true;
  if (!make_memory(g, s, v, p)) return false;
  const uint8_t *keep = p->mask->keep;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int o = 0; o < v->outputs; o++) s->start[o + 1] = count_output(v, keep, o);
  for (int o = 0; o < v->outputs; o++) s->start[o + 1] += s->start[o];
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int o = 0; o < v->outputs; o++) list_output(s, v, keep, o);
  s->generation = p->mask->generation;
  s->built = true;
  return true;
}

void esp_sparse_fetch(const esp_graph *g, esp_sparse *s, const esp_param *p) {
  const uint32_t entries = esp_sparse_entries(s);
#pragma omp parallel for schedule(static) num_threads(g->threads) if (entries > 4096)
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
