#include "report/band.h"
#include "report/quality_words.h"

#include <stdio.h>

static cJSON *means(const esp__report_data *data, const esp__band *b) {
  const esp__column columns[] = {
      {"series", "series"}, {"level", "level"}, {"seeds", "seeds"}, b->x, b->mean, b->sd, {0}};
  char id[64], level[ESP_LABEL_MAX];
  snprintf(id, sizeof id, "%s-means", b->id);
  cJSON *table = esp__quality_table(data->quality, id, columns);
  for (int first = 0, end; first < data->points.count; first = end) {
    end = esp__level_end(&data->points, first);
    const esp_stats_moments x = esp__level_moments(&data->points, first, end, b->x_offset);
    const esp_stats_moments y = esp__level_moments(&data->points, first, end, b->y_offset);
    esp__level_label(&data->points, first, end, level);
    ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, first)), esp__text_cell(level),
                  esp__number_cell(y.n), esp__number_cell(b->x_unit * esp_stats_mean(&x)),
                  esp__number_cell(b->y_unit * esp_stats_mean(&y)),
                  esp__number_cell(b->y_unit * esp_stats_sd(&y)));
  }
  return table;
}

static cJSON *points(const esp__report_data *data, const esp__band *b) {
  const esp__column columns[] = {
      {"series", "series"}, {"run", "run"}, {"seed", "seed"}, {"round", "round"}, b->x, b->y, {0}};
  char id[64];
  snprintf(id, sizeof id, "%s-points", b->id);
  cJSON *table = esp__quality_table(data->quality, id, columns);
  for (int i = 0; i < data->points.count; i++) {
    const esp__point *p = &data->points.item[i];
    ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, i)),
                  esp__text_cell(data->runs.item[p->run].name),
                  esp__number_cell((double)esp__seed_of(data, p)), esp__number_cell(p->round),
                  esp__number_cell(b->x_unit * esp__point_value(p, b->x_offset)),
                  esp__number_cell(b->y_unit * esp__point_value(p, b->y_offset)));
  }
  return table;
}

void esp__band_tables(cJSON *report, cJSON *chart, const esp__report_data *data, esp__band b) {
  esp__report_table_of(report, chart, means(data, &b));
  esp__report_table_of(report, chart, points(data, &b));
}
