#include "rundir/costs_csv.h"

#include "base/text.h"

#include <stdlib.h>

const char *const esp__costs_columns[] = {
    "round", "layer", "milliseconds", "values_read", "values_written", NULL,
};

/* ---- values that are read and written ---- */

/* Channels of its input that a layer reads, and of its output that it writes. */
typedef struct channels {
  int read, written;
} channels;

static bool is_kept(const esp_param *w, size_t i) {
  return !w->mask || w->mask->keep[i];
}

/* Marks in reads[C] the channels that output `o` has a weight for; whether it has any. Weight
 * (O, C / groups, taps). */
static bool mark_output(const esp_param *w, int groups, int o, bool *reads) {
  const int columns = w->shape[1], first = o / (w->shape[0] / groups) * columns;
  const size_t taps = w->count / (size_t)w->shape[0] / (size_t)columns;
  const size_t row = (size_t)o * (size_t)columns * taps;
  bool any = false;
  for (int c = 0; c < columns; c++)
    for (size_t t = 0; t < taps; t++)
      if (is_kept(w, row + (size_t)c * taps + t)) any = reads[first + c] = true;
  return any;
}

static esp_status count_channels(const esp_param *w, int groups, channels *n, esp_error *err) {
  const int inputs = w->shape[1] * groups;
  bool *reads = calloc((size_t)inputs, sizeof *reads);
  *n = (channels){0, 0};
  if (!reads) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the costs of layers");
  for (int o = 0; o < w->shape[0]; o++) n->written += mark_output(w, groups, o, reads);
  for (int c = 0; c < inputs; c++) n->read += reads[c];
  free(reads);
  return ESP_OK;
}

static int pixels(const esp_graph *g, int operation) {
  const esp_shape s = esp_graph_operation(g, operation).shape;
  return s.height * s.width;
}

/* ---- rows ---- */

static double forward_seconds(const esp_graph *g, int operation) {
  esp_cost cost;
  return esp_graph_cost(g, operation, &cost) ? cost.seconds[ESP_FORWARD] : 0.0;
}

static esp_status print_layer(FILE *f, int round, const esp_layer *layer, const esp_graph *g,
                              int operation, double milliseconds, esp_error *err) {
  const esp_operation o = esp_graph_operation(g, operation);
  channels n;
  ESP_TRY(count_channels(layer->weight, o.groups, &n, err));
  fprintf(f, "%d,%s,%.4g,%lld,%lld\n", round, layer->name, milliseconds,
          (long long)n.read * pixels(g, o.input[0]), (long long)n.written * pixels(g, operation));
  return ESP_OK;
}

static esp_status print_rows(FILE *f, int round, const esp_model *model, const esp_graph *g,
                             int64_t images, esp_error *err) {
  const double unit = 1e3 / (double)images;
  double other = 0.0;
  for (int i = 0; i < esp_graph_operations(g); i++) {
    const esp_param *w = esp_graph_operation(g, i).param[0];
    const esp_layer *layer = w && esp_param_prunable(w) ? esp_model_layer(model, w) : NULL;
    const double milliseconds = unit * forward_seconds(g, i);
    if (layer)
      ESP_TRY(print_layer(f, round, layer, g, i, milliseconds, err));
    else
      other += milliseconds;
  }
  fprintf(f, "%d,other,%.4g,,\n", round, other);
  return ESP_OK;
}

esp_status esp__costs_csv_record(esp__position *p, const esp_model *model, const esp_graph *graph,
                                 int64_t images, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the costs of layers", err));
  esp_status status = print_rows(t.out, p->stage, model, graph, images, err);
  if (status == ESP_OK) status = esp__text_end(&t, err);
  if (status == ESP_OK) status = esp__rows_append(&p->costs, t.data, err);
  esp__text_drop(&t);
  return status;
}
