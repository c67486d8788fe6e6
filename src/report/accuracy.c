/* Accuracy over what pruning is to buy. */
#include "base/json.h"
#include "report/report_data.h"

#include <math.h>
#include <stdio.h>

/* A measure of a network that accuracy is drawn over: a member of its point, times `unit`. */
typedef struct measure {
  const char *id, *title, *note, *scale;
  esp__column column;
  size_t offset;
  double unit;
} measure;

#define OF(member) offsetof(esp__point, member)
static const measure measures[] = {
    {"accuracy-sparsity",
     "Accuracy over sparsity",
     "Sparsity counts what was pruned, of all that may be pruned.",
     "linear",
     {"sparsity_percent", "sparsity (%)"},
     OF(sparsity),
     100.0},
    {"accuracy-compression",
     "Accuracy over compression",
     "Compression is all weights of convolutions and linear layers over those that are not zero.",
     "log",
     {"compression", "compression (times)"},
     OF(compression),
     1.0},
    {"accuracy-macs",
     "Accuracy over multiply-adds",
     "Multiply-adds of one image, counting only the weights that are left; "
     "FLOPs are twice as many.",
     "log",
     {"million_macs", "multiply-adds (million an image)"},
     OF(macs),
     1e-6},
    {"accuracy-inference",
     "Accuracy over measured inference time",
     "Taken while the run evaluated its test images, in batches, with all its threads: "
     "it says something about the machine too, and about what else it was doing.",
     "linear",
     {"milliseconds_per_image", "inference (ms an image)"},
     OF(milliseconds),
     1.0},
    {"accuracy-training",
     "Accuracy over measured training time",
     "All training up to the network: dense training and each round of retraining.",
     "linear",
     {"training_seconds", "training (s)"},
     OF(seconds),
     1.0},
};

static cJSON *means(const esp__report_data *data, const measure *m) {
  const esp__column columns[] = {{"series", "series"},
                                 {"level", "level"},
                                 {"seeds", "seeds"},
                                 m->column,
                                 {"accuracy_mean_percent", "test accuracy, mean (%)"},
                                 {"accuracy_sd_percent", "sd (%)"},
                                 {0}};
  char id[64], level[32];
  snprintf(id, sizeof id, "%s-means", m->id);
  cJSON *table = esp__table_new(id, columns);
  for (int first = 0, end; first < data->points.count; first = end) {
    end = esp__level_end(&data->points, first);
    const esp_stats_moments x = esp__level_moments(&data->points, first, end, m->offset);
    const esp_stats_moments y = esp__level_moments(&data->points, first, end, OF(accuracy));
    esp__level_label(&data->points, first, end, level);
    ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, first)), esp__text_cell(level),
                  esp__number_cell(y.n), esp__number_cell(m->unit * esp_stats_mean(&x)),
                  esp__number_cell(100.0 * esp_stats_mean(&y)),
                  esp__number_cell(100.0 * esp_stats_sd(&y)));
  }
  return table;
}

static cJSON *points(const esp__report_data *data, const measure *m) {
  const esp__column columns[] = {{"series", "series"},
                                 {"run", "run"},
                                 {"seed", "seed"},
                                 {"round", "round"},
                                 m->column,
                                 {"accuracy_percent", "test accuracy (%)"},
                                 {0}};
  char id[64];
  snprintf(id, sizeof id, "%s-points", m->id);
  cJSON *table = esp__table_new(id, columns);
  for (int i = 0; i < data->points.count; i++) {
    const esp__point *p = &data->points.item[i];
    ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, i)),
                  esp__text_cell(data->runs.item[p->run].name),
                  esp__number_cell((double)esp__seed_of(data, p)), esp__number_cell(p->round),
                  esp__number_cell(m->unit * esp__point_value(p, m->offset)),
                  esp__number_cell(100.0 * p->accuracy));
  }
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

void esp__add_accuracy(cJSON *report, const esp__report_data *data) {
  if (data->points.count == 0) return;
  for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
    const measure *m = &measures[i];
    cJSON *chart = esp__chart_add(report, (esp__chart){m->id, m->title, m->note, "band"});
    esp__json_put_bool(chart, "joined", in_order(data, m));
    esp__chart_axis(chart, "x", m->column.label, m->scale);
    esp__chart_axis(chart, "y", "test accuracy, top-1 (%)", "linear");
    esp__report_table_of(report, chart, means(data, m));
    esp__report_table_of(report, chart, points(data, m));
  }
}
