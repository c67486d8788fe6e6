/* When training would end that is stopped early: where the images held out have their least loss
 * (Frankle & Carbin 2019, figures 1 and 3: how fast networks learn that are pruned more and
 * more). */
#include "base/json.h"
#include "report/band.h"

#include <stdbool.h>

#define EPOCH "epoch of the least validation loss"

void esp__add_early_stopping(cJSON *report, const esp__report_data *data) {
  const esp__points *p = &data->points;
  const esp__band band = {.id = "early-stopping",
                          .x = {"sparsity_percent", "sparsity (%)"},
                          .mean = {"epoch_mean", EPOCH ", mean"},
                          .sd = {"epoch_sd", "sd"},
                          .y = {"epoch", EPOCH},
                          .x_offset = offsetof(esp__point, sparsity),
                          .y_offset = offsetof(esp__point, best_epoch),
                          .x_unit = 100.0,
                          .y_unit = 1.0};
  if (esp__level_moments(p, 0, p->count, band.y_offset).n == 0) return;
  cJSON *chart = esp__chart_add(
      report,
      (esp__chart){band.id, "Early stopping",
                   "The epoch after which the images held out have their least loss, counted "
                   "from the beginning of the training, or of a round's.",
                   "band"});
  esp__json_put_bool(chart, "joined", true);
  esp__chart_axis(chart, "x", band.x.label, "linear");
  cJSON *y = esp__chart_axis(chart, "y", EPOCH, "linear");
  esp__json_put_string(y, "name", "epoch");
  esp__json_put_string(y, "unit", "");
  esp__band_tables(report, chart, data, band);
}
