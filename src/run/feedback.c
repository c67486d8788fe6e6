#include "run/feedback.h"

#include "config/stages.h"
#include "run/services.h"
#include "run/sharing.h"

#include <stdlib.h>

/* After the rounds that there are; *rounds: how many it took until it was over, or all. */
static esp_feedback_state replay(const esp_run *r, int *rounds) {
  const esp_prune_options *o = &r->config.prune;
  const esp_prune_schedule *schedule = esp_prune_schedule_of(o);
  esp_feedback_state state = {.step = schedule->first_step(o)};
  *rounds = 0;
  while (!state.over && *rounds + 1 < r->at.results) {
    const esp__result *dense = &r->at.result[0], *now = &r->at.result[++*rounds];
    const double drop =
        esp_metrics_quality(&dense->validation) - esp_metrics_quality(&now->validation);
    schedule->react(o, &state, now->requested, drop);
    state.over |= *rounds >= esp_prune_rounds(o);
  }
  return state;
}

esp_feedback_state esp__run_feedback(const esp_run *r, int *rounds) {
  int ignored;
  if (!esp__reacts(&r->config)) return (esp_feedback_state){0};
  return replay(r, rounds ? rounds : &ignored);
}

bool esp__run_brings_back(const esp_run *r) {
  const esp_feedback_state state = esp__run_feedback(r, NULL);
  return state.over && state.back;
}

double esp__run_feedback_sparsity(const esp_run *r) {
  const esp_feedback_state state = esp__run_feedback(r, NULL);
  const double next = state.good + state.step, most = r->config.prune.sparsity;
  if (state.over) return state.good;
  return next < most ? next : most;
}

esp_status esp__run_keep_good(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (!esp__reacts(&r->config) || esp__run_feedback(r, NULL).back) return ESP_OK;
  if (!esp__run_writes(r)) return ESP_OK;
  ESP_TRY(esp__position_text(&r->at, &position, err));
  const esp_status status =
      esp_checkpoint_save(r->model, r->pruner, esp__run_provenance(r), position,
                          esp__run_path(r, ESP_FILE_GOOD, path), err);
  free(position);
  return status;
}

esp_status esp__run_step_back(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (!esp__run_feedback(r, NULL).back) return ESP_OK;
  esp__run_meet(r);
  const esp_status status = esp_checkpoint_load(
      r->model, r->pruner, esp__run_path(r, ESP_FILE_GOOD, path), &position, err);
  free(position);
  return status;
}
