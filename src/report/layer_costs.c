/* Time and multiply-adds of each layer, dense and at the last level: a chart of bars per series. */
#include "report/layer_rows.h"
#include "report/report_data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What bars are about: a column of layers.csv or costs.csv, times `unit`. */
typedef struct measure {
  const char *id, *title, *label, *note;
  size_t table; /* the table's place in an esp__run_record */
  const char *column;
  double unit;
} measure;

#define TABLE(member) offsetof(esp__run_record, member)
static const measure measures[] = {
    {"layer-macs", "Multiply-adds", "multiply-adds (million)",
     "Million multiply-adds of an image in each layer, of the weights that are left.",
     TABLE(layers), "macs_effective", 1e-6},
    {"layer-time", "Time", "time (µs an image)",
     "Microseconds of an image in each layer, by the clock, "
     "while the test images were evaluated in "
     "batches. Unstructured sparsity saves time only where sparse kernels win.",
     TABLE(costs), "milliseconds", 1e3}};

static const esp_csv *table_of(const esp__report_data *data, const esp__point *p,
                               const measure *m) {
  return (const esp_csv *)((const char *)&data->runs.item[p->run] + m->table);
}

/* The mean over points [first, end) of what the table says of a layer; NAN where it says
 * nothing. */
static double mean_of(const esp__report_data *data, int first, int end, const measure *m,
                      const char *layer) {
  esp_stats_moments all = {0};
  for (int i = first; i < end; i++) {
    const esp__point *p = &data->points.item[i];
    const esp_csv *t = table_of(data, p, m);
    const double round = esp__run_record_round(&data->runs.item[p->run], p->round);
    for (int row = 0; row < t->rows; row++)
      if (esp_csv_number(t, row, "round") == round &&
          strcmp(esp_csv_text(t, row, "layer"), layer) == 0)
        esp_stats_moments_add(&all, m->unit * esp_csv_number(t, row, m->column));
  }
  return esp_stats_mean(&all);
}

/* Points [first, end) are the last level of a series. */
static cJSON *bars(const esp__report_data *data, const char *id, int first, int end,
                   const measure *m) {
  const esp__points *p = &data->points;
  int dense = esp__dense_level(p, &data->diff, first);
  if (dense >= 0 && !esp__same_layers(&data->runs, &p->item[dense], &p->item[first])) dense = -1;
  const esp_csv *t = table_of(data, &p->item[first], m);
  const double round =
      esp__run_record_round(&data->runs.item[p->item[first].run], p->item[first].round);
  char level[ESP_LABEL_MAX];
  esp__level_label(p, first, end, level);
  cJSON *table = esp__table_new(id, (const esp__column[]){{"layer", "layer"}, {0}});
  if (dense >= 0) esp__table_widen(table, "dense", "dense");
  if (p->item[first].round > 0) esp__table_widen(table, "pruned", level);
  for (int row = 0; row < t->rows; row++) {
    const char *layer = esp_csv_text(t, row, "layer");
    if (esp_csv_number(t, row, "round") != round) continue;
    cJSON *cells = esp__table_row_begin(table);
    esp__table_cell(cells, esp__text_cell(layer));
    if (dense >= 0)
      esp__table_cell(cells,
                      esp__number_cell(mean_of(data, dense, esp__level_end(p, dense), m, layer)));
    if (p->item[first].round > 0)
      esp__table_cell(cells, esp__number_cell(mean_of(data, first, end, m, layer)));
  }
  return table;
}

static void add_level(cJSON *report, const esp__report_data *data, int first, int end,
                      const measure *m) {
  const int series = data->points.item[first].series;
  char id[32], title[256];
  snprintf(id, sizeof id, "%s-%d", m->id, series + 1);
  snprintf(title, sizeof title, "%s: %s", m->title, data->diff.series_name[series]);
  cJSON *table = bars(data, id, first, end, m);
  if (esp__table_rows(table) == 0) {
    cJSON_Delete(table);
    return;
  }
  cJSON *chart = esp__chart_add(report, (esp__chart){id, title, m->note, "bars"});
  esp__chart_axis(chart, "x", "layer", "linear");
  esp__chart_axis(chart, "y", m->label, "linear");
  esp__report_table_of(report, chart, table);
}

/* Runs of earlier versions have no costs.csv. */
static void note_missing(cJSON *report, const esp__run_records *runs) {
  int missing = 0, finished = 0;
  for (int i = 0; i < runs->count; i++) {
    const bool ended = runs->item[i].log.rows > 0 &&
                       strcmp(esp__run_record_status(&runs->item[i]), "finished") == 0;
    finished += ended;
    missing += ended && runs->item[i].costs.rows == 0;
  }
  if (missing > 0)
    esp__report_note(report,
                     "%d of %d finished runs are of an earlier version and have no costs.csv: "
                     "their bytes, memory traffic, energy and times of layers are left out",
                     missing, finished);
}

void esp__add_layer_costs(cJSON *report, const esp__report_data *data) {
  const esp__points *p = &data->points;
  note_missing(report, &data->runs);
  for (int first = 0, end; first < p->count; first = end) {
    end = esp__level_end(p, first);
    if (end < p->count && esp__same_series(p, first, end)) continue;
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
      add_level(report, data, first, end, &measures[i]);
  }
}
