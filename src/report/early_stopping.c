/* When training would end that is stopped early: where the images held out have their least loss
 * (Frankle & Carbin 2019, figures 1 and 3: how fast networks learn that are pruned more and
 * more). */
#include "base/json.h"
#include "report/report_data.h"

#include <stdbool.h>
#include <stddef.h>

#define OF(member) offsetof(esp__point, member)
static const esp__column sparsity = {"sparsity_percent", "sparsity (%)"};

static cJSON *means(const esp__report_data *data) {
  const esp__column columns[] = {{"series", "series"},
                                 {"level", "level"},
                                 {"seeds", "seeds"},
                                 sparsity,
                                 {"epoch_mean", "epoch of the least validation loss, mean"},
                                 {"epoch_sd", "sd"},
                                 {0}};
  cJSON *table = esp__table_new("early-stopping-means", columns);
  for (int first = 0, end; first < data->points.count; first = end) {
    char level[ESP_LABEL_MAX];
    end = esp__level_end(&data->points, first);
    const esp_stats_moments x = esp__level_moments(&data->points, first, end, OF(sparsity)),
                            y = esp__level_moments(&data->points, first, end, OF(best_epoch));
    esp__level_label(&data->points, first, end, level);
    ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, first)), esp__text_cell(level),
                  esp__number_cell(y.n), esp__number_cell(100.0 * esp_stats_mean(&x)),
                  esp__number_cell(esp_stats_mean(&y)), esp__number_cell(esp_stats_sd(&y)));
  }
  return table;
}

static cJSON *points(const esp__report_data *data) {
  const esp__column columns[] = {{"series", "series"},
                                 {"run", "run"},
                                 {"seed", "seed"},
                                 {"round", "round"},
                                 sparsity,
                                 {"epoch", "epoch of the least validation loss"},
                                 {0}};
  cJSON *table = esp__table_new("early-stopping-points", columns);
  for (int i = 0; i < data->points.count; i++) {
    const esp__point *p = &data->points.item[i];
    ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, i)),
                  esp__text_cell(data->runs.item[p->run].name),
                  esp__number_cell((double)esp__seed_of(data, p)), esp__number_cell(p->round),
                  esp__number_cell(100.0 * p->sparsity), esp__number_cell(p->best_epoch));
  }
  return table;
}

void esp__add_early_stopping(cJSON *report, const esp__report_data *data) {
  const esp__points *p = &data->points;
  if (esp__level_moments(p, 0, p->count, OF(best_epoch)).n == 0) return;
  cJSON *chart = esp__chart_add(
      report,
      (esp__chart){"early-stopping", "Early stopping",
                   "The epoch after which the images held out have their least loss, counted "
                   "from the beginning of the training, or of a round's.",
                   "band"});
  esp__json_put_bool(chart, "joined", true);
  esp__chart_axis(chart, "x", sparsity.label, "linear");
  cJSON *y = esp__chart_axis(chart, "y", "epoch of the least validation loss", "linear");
  esp__json_put_string(y, "name", "epoch");
  esp__json_put_string(y, "unit", "");
  esp__report_table_of(report, chart, means(data));
  esp__report_table_of(report, chart, points(data));
}
