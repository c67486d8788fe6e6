/* Networks that do less for some images than for others: thresholds are chosen when a training
 * ends, and what the test images needed is counted. */
#include "run/run_state.h"

esp_status esp__run_conditional(esp_run *r, uint64_t epoch, esp_error *err) {
  if (!esp_graph_conditional(r->evaluation)) return ESP_OK;
  esp_dynamic_macs *e = &r->at.now.executed;
  esp_choose_thresholds(r->model, r->evaluation, r->training, epoch);
  ESP_TRY(esp_count_dynamic_macs(r->model, r->evaluation, r->test, e, err));
  const double all = esp_graph_macs(r->evaluation, false), mean = esp_dynamic_macs_mean(e);
  esp__progress_say(
      &r->progress,
      "a test image needs %.0f of %.0f multiply-adds (%.2f %%), one %lld, another %lld", mean, all,
      100.0 * mean / all, (long long)e->least, (long long)e->most);
  return ESP_OK;
}
