/* Which layers the weights were taken from: a heat map per series, its columns the levels. */
#include "report/layer_rows.h"
#include "report/report_data.h"

#include <stdio.h>
#include <stdlib.h>

static int series_end(const esp__points *p, int first) {
  int end = first;
  while (end < p->count && esp__same_series(p, first, end)) end++;
  return end;
}

/* Adds the densities of a point's layers to column[layers], if they are those of `like`. */
static void add_point(const esp__report_data *data, const esp__point *p, const esp__point *like,
                      esp_stats_moments *column) {
  const esp_csv *table = &data->runs.item[p->run].layers;
  const esp__layer_rows at = esp__layer_rows_of(&data->runs.item[p->run], p->round);
  if (!esp__same_layers(&data->runs, p, like)) return;
  for (int i = 0; i < at.count; i++)
    esp_stats_moments_add(&column[i], 100.0 * esp_csv_number(table, at.first + i, "density"));
}

/* The points [first, end) are a series, whose first run has these layers. NULL when memory is
 * out. */
static cJSON *series_table(const esp__report_data *data, const char *id, int first, int end,
                           esp__layer_rows layers) {
  const esp__point *p = &data->points.item[first];
  const esp_csv *names = &data->runs.item[p->run].layers;
  /* [level][layer]; there are no more levels than points */
  esp_stats_moments *mean = calloc((size_t)layers.count * (size_t)(end - first) + 1, sizeof *mean),
                    *column = mean;
  if (!mean) return NULL;
  cJSON *table = esp__table_new(id, (const esp__column[]){{"layer", "layer"}, {0}});
  for (int level = first, next; level < end; level = next, column += layers.count) {
    char label[ESP_LABEL_MAX];
    next = esp__level_end(&data->points, level);
    esp__level_label(&data->points, level, next, label);
    esp__table_widen(table, label, label);
    for (int i = level; i < next; i++) add_point(data, &data->points.item[i], p, column);
  }
  for (int layer = 0; layer < layers.count; layer++) {
    cJSON *row = esp__table_row_begin(table);
    esp__table_cell(row, esp__text_cell(esp_csv_text(names, layers.first + layer, "layer")));
    for (esp_stats_moments *m = mean; m < column; m += layers.count)
      esp__table_cell(row, esp__number_cell(esp_stats_mean(&m[layer])));
  }
  free(mean);
  return table;
}

void esp__add_density(cJSON *report, const esp__report_data *data) {
  for (int first = 0, end; first < data->points.count; first = end) {
    end = series_end(&data->points, first);
    if (data->points.item[end - 1].round == 0) continue; /* nothing was pruned */
    char id[32];
    const esp__point *point = &data->points.item[first];
    const esp__layer_rows layers = esp__layer_rows_of(&data->runs.item[point->run], point->round);
    if (layers.count == 0) continue;
    const int series = point->series;
    snprintf(id, sizeof id, "density-%d", series + 1);
    cJSON *table = series_table(data, id, first, end, layers);
    cJSON *chart = esp__chart_add(
        report,
        (esp__chart){
            id, data->diff.series_name[series],
            "Percentage of a layer's weights (row) that is left at a sparsity of the network "
            "(column), the mean of all seeds.",
            "heat"});
    esp__chart_axis(chart, "x", "sparsity of the network", "linear");
    esp__chart_axis(chart, "y", "layer", "linear");
    esp__report_table_of(report, chart, table);
  }
}
