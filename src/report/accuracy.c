/* Accuracy, or what else runs are judged by, over what pruning is to buy. */
#include "base/json.h"
#include "report/band.h"
#include "report/quality_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A measure of a network that quality is drawn over: a member of its point, times `unit`. */
typedef struct measure {
  const char *id, *title, *note, *scale;
  esp__column column;
  size_t offset;
  double unit;
  bool has_front; /* less is better: which networks no other beats is drawn */
} measure;

#define OF(member) offsetof(esp__point, member)
static const measure measures[] = {
    {"accuracy-sparsity",
     "$Title over sparsity",
     "Sparsity counts what was pruned, of all that may be pruned.",
     "linear",
     {"sparsity_percent", "sparsity (%)"},
     OF(sparsity),
     100.0},
    {"accuracy-compression",
     "$Title over compression",
     "Compression is all weights of convolutions and linear layers over those that are not zero.",
     "log",
     {"compression", "compression (times)"},
     OF(compression),
     1.0},
    {"accuracy-bytes",
     "$Title over bytes",
     "Of the network as a packed file, as espalier pack writes it; the grey steps join those that "
     "no other beats (Pareto front).",
     "log",
     {"kilobytes", "packed file (KB)"},
     OF(bytes),
     1e-3,
     true},
    {"accuracy-macs",
     "$Title over multiply-adds",
     "Multiply-adds of one image, counting only the weights that are left; "
     "FLOPs are twice as many.",
     "log",
     {"million_macs", "multiply-adds (million an image)"},
     OF(macs),
     1e-6,
     true},
    {"accuracy-inference",
     "$Title over measured inference time",
     "Taken while the run evaluated its test images, in batches, with all its threads: "
     "it says something about the machine too, and about what else it was doing.",
     "linear",
     {"milliseconds_per_image", "inference (ms an image)"},
     OF(milliseconds),
     1.0,
     true},
    {"accuracy-training",
     "$Title over measured training time",
     "All training up to the network: dense training and each round of retraining.",
     "linear",
     {"training_seconds", "training (s)"},
     OF(seconds),
     1.0},
};

static esp__band band_of(const esp__report_data *data, const measure *m) {
  return (esp__band){.id = m->id,
                     .x = m->column,
                     .mean = {"$name_mean$percent", "test $title, mean$unit"},
                     .sd = {"$name_sd$percent", "sd$unit"},
                     .y = {"$name$percent", "test $title$unit"},
                     .x_offset = m->offset,
                     .y_offset = OF(quality),
                     .x_unit = m->unit,
                     .y_unit = data->quality->factor};
}

/* A level's means. */
typedef struct level {
  int first;
  double x, quality;
} level;

static int by_x(const void *left, const void *right) {
  const level *a = left, *b = right;
  if (a->x != b->x) return a->x < b->x ? -1 : 1;
  return (a->quality < b->quality) - (a->quality > b->quality);
}

/* All levels that have both, in the order of x, and of equal ones the best first. */
static int sorted_levels(const esp__report_data *data, const measure *m, level *to) {
  const esp__points *p = &data->points;
  int n = 0;
  for (int first = 0, end; first < p->count; first = end) {
    end = esp__level_end(p, first);
    const esp_stats_moments x = esp__level_moments(p, first, end, m->offset);
    const esp_stats_moments y = esp__level_moments(p, first, end, OF(quality));
    if (x.n > 0 && y.n > 0)
      to[n++] =
          (level){first, m->unit * esp_stats_mean(&x), data->quality->factor * esp_stats_mean(&y)};
  }
  qsort(to, (size_t)n, sizeof *to, by_x);
  return n;
}

/* The levels better than all that are as good or better in x. NULL when memory is
 * out. */
static cJSON *front(const esp__report_data *data, const measure *m) {
  const esp__column columns[] = {m->column,
                                 {"$name_mean$percent", "test $title, mean$unit"},
                                 {"series", "series"},
                                 {"level", "level"},
                                 {0}};
  level *sorted = calloc((size_t)data->points.count, sizeof *sorted);
  char id[64], label[ESP_LABEL_MAX];
  if (!sorted) return NULL;
  snprintf(id, sizeof id, "%s-front", m->id);
  cJSON *table = esp__quality_table(data->quality, id, columns);
  const int n = sorted_levels(data, m, sorted);
  double best = -INFINITY;
  for (int i = 0; i < n; i++) {
    const int first = sorted[i].first;
    if (sorted[i].quality <= best) continue;
    best = sorted[i].quality;
    esp__level_label(&data->points, first, esp__level_end(&data->points, first), label);
    ESP_TABLE_ROW(table, esp__number_cell(sorted[i].x), esp__number_cell(best),
                  esp__text_cell(esp__series_of(data, first)), esp__text_cell(label));
  }
  free(sorted);
  return table;
}

/* Whether the means of each series lie in the order of its levels. Where x was measured they may
 * not, and a line through them would say nothing. */
static bool in_order(const esp__report_data *data, const measure *m) {
  double before = NAN, direction = 0.0;
  for (int first = 0, end; first < data->points.count; first = end) {
    end = esp__level_end(&data->points, first);
    const esp_stats_moments x = esp__level_moments(&data->points, first, end, m->offset);
    if (first == 0 || !esp__same_series(&data->points, first - 1, first))
      before = NAN, direction = 0.0;
    const double step = esp_stats_mean(&x) - before;
    if (step * direction < 0.0) return false;
    if (step > 0.0 || step < 0.0) direction = step;
    before = esp_stats_mean(&x);
  }
  return true;
}

/* Whether any point has the measure. */
static bool is_known(const esp__points *p, const measure *m) {
  const esp_stats_moments all = esp__level_moments(p, 0, p->count, m->offset);
  return all.n > 0;
}

/* ---- before and after retraining ---- */

static bool add_level_before(cJSON *table, const esp__report_data *data, int first, size_t offset,
                             const char *whose) {
  const esp__points *p = &data->points;
  const esp_quality *q = data->quality;
  const int end = esp__level_end(p, first);
  const esp_stats_moments x = esp__level_moments(p, first, end, OF(sparsity));
  const esp_stats_moments y = esp__level_moments(p, first, end, offset);
  if (p->item[first].round == 0 || y.n == 0) return false;
  ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, first)), esp__text_cell(whose),
                esp__number_cell(100.0 * esp_stats_mean(&x)),
                esp__number_cell(q->factor * esp_stats_mean(&y)),
                esp__number_cell(q->factor * esp_stats_sd(&y)));
  return true;
}

static void add_before(cJSON *report, const esp__report_data *data) {
  static const esp__column columns[] = {{"series", "series"},
                                        {"whose", "when"},
                                        {"sparsity_percent", "sparsity (%)"},
                                        {"$name$percent", "test $title, mean$unit"},
                                        {"sd_points", "sd (points)"},
                                        {0}};
  static const char *const when[] = {"after retraining", "before retraining"};
  const size_t offset[] = {OF(quality), OF(before)};
  cJSON *table = esp__quality_table(data->quality, "accuracy-before-means", columns);
  const esp__points *p = &data->points;
  int rows = 0;
  for (int series = 0; series < data->diff.series; series++)
    for (int k = 0; k < 2; k++)
      for (int first = 0; first < p->count; first = esp__level_end(p, first))
        if (p->item[first].series == series)
          rows += add_level_before(table, data, first, offset[k], when[k]) && k == 1;
  if (rows == 0) {
    cJSON_Delete(table);
    return;
  }
  cJSON *chart = esp__chart_add(
      report, (esp__chart){"accuracy-before", "Before and after retraining",
                           "Just after pruning, before a step of retraining, beside the end of "
                           "the round.",
                           "beside"});
  esp__json_put(chart, "whose", cJSON_CreateStringArray(when, 2));
  esp__chart_axis(chart, "x", "sparsity (%)", "linear");
  esp__quality_axis(chart, data->quality, "test $axis");
  esp__report_table_of(report, chart, table);
}

void esp__add_accuracy(cJSON *report, const esp__report_data *data) {
  if (data->points.count == 0) return;
  for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
    const measure *m = &measures[i];
    if (!is_known(&data->points, m)) continue;
    cJSON *chart =
        esp__quality_chart(report, data->quality, (esp__chart){m->id, m->title, m->note, "band"});
    esp__json_put_bool(chart, "joined", in_order(data, m));
    esp__chart_axis(chart, "x", m->column.label, m->scale);
    esp__quality_axis(chart, data->quality, "test $axis");
    esp__band_tables(report, chart, data, band_of(data, m));
    if (m->has_front) esp__report_table_of(report, chart, front(data, m));
  }
  add_before(report, data);
}
