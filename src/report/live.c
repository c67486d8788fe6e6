#include "report/live.h"

#include "base/json.h"
#include "base/lock.h"
#include "report/quality_words.h"
#include "rundir/progress_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double quiet_after = 30.0; /* seconds without a sign of life */

static bool is_finished(const esp__run_record *r) {
  return strcmp(esp__run_record_status(r), "finished") == 0;
}

/* A lock says it, or on file systems without locks what the run shows of itself. */
static bool is_at_work(const esp__run_record *r) {
  esp__heartbeat h;
  double age;
  if (is_finished(r)) return false;
  return esp__lock_taken(r->dir) || (esp__heartbeat_read(&h, r->dir, &age) && age < quiet_after);
}

esp__activity esp__activity_of(const esp__run_records *runs) {
  esp__activity a = {0, 0};
  for (int i = 0; i < runs->count; i++) {
    a.unfinished += !is_finished(&runs->item[i]);
    a.at_work += is_at_work(&runs->item[i]);
  }
  return a;
}

static void add_run(cJSON *table, const esp__run_record *r) {
  esp__heartbeat h;
  double age;
  char stage[32] = "training", epoch[64];
  if (!esp__heartbeat_read(&h, r->dir, &age)) {
    const esp__cell none = esp__number_cell((double)NAN);
    ESP_TABLE_ROW(table, esp__text_cell(r->name), esp__text_cell("between two steps"), none, none,
                  none, none, none, none);
    return;
  }
  if (h.stage > 0) snprintf(stage, sizeof stage, "round %d/%d", h.stage, h.stages - 1);
  snprintf(epoch, sizeof epoch, "%lld/%lld", (long long)h.epoch + 1, (long long)h.epochs);
  ESP_TABLE_ROW(table, esp__text_cell(r->name), esp__text_cell(stage), esp__text_cell(epoch),
                esp__number_cell(h.loss), esp__number_cell(h.is->factor * h.quality),
                esp__number_cell(100.0 * h.sparsity), esp__number_cell(h.images_per_second),
                esp__number_cell(h.seconds_left / 60.0));
}

void esp__add_live(cJSON *report, const esp__report_data *data, double seconds) {
  static const esp__column columns[] = {{"run", "run"},
                                        {"stage", "stage"},
                                        {"epoch", "epoch"},
                                        {"loss", "loss"},
                                        {"$name$percent", "training $title$unit"},
                                        {"sparsity_percent", "sparsity (%)"},
                                        {"images_per_second", "images a second"},
                                        {"minutes_left", "left (min)"},
                                        {0}};
  cJSON *table = esp__quality_table(data->quality, "live", columns);
  for (int i = 0; i < data->runs.count; i++)
    if (is_at_work(&data->runs.item[i])) add_run(table, &data->runs.item[i]);
  esp__json_put_number(esp__json_put_object(report, "live"), "seconds", seconds);
  esp__report_table_of(report, NULL, table);
}
