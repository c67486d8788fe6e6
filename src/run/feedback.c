#include "run/feedback.h"

#include "config/stages.h"

#include <stdlib.h>

static const char good_name[] = "good.safetensors";

/* The course after the rounds that there are; *seen: how many it took until it was over, or all. */
static esp_feedback_state replay(const esp_run *r, int *seen) {
  const esp_prune_options *o = &r->config.prune;
  const esp_prune_schedule *schedule = esp_prune_schedule_of(o);
  esp_feedback_state course = {.step = o->step};
  *seen = 0;
  while (!course.over && *seen + 1 < r->at.results) {
    const esp__result *dense = &r->at.result[0], *now = &r->at.result[++*seen];
    const double drop = esp_metrics_top1(&dense->validation) - esp_metrics_top1(&now->validation);
    schedule->react(o, &course, now->requested, drop);
    course.over |= *seen >= esp_prune_rounds(o);
  }
  return course;
}

esp_feedback_state esp__run_feedback(const esp_run *r) {
  int seen;
  return esp__reacts(&r->config) ? replay(r, &seen) : (esp_feedback_state){0};
}

bool esp__run_brings_back(const esp_run *r) {
  const esp_feedback_state course = esp__run_feedback(r);
  return course.over && course.back;
}

int esp__run_stages(const esp_run *r) {
  int seen;
  if (!esp__reacts(&r->config)) return esp__stages(&r->config);
  const esp_feedback_state course = replay(r, &seen);
  return course.over ? 1 + seen + course.back : esp__stages(&r->config);
}

double esp__run_requested(const esp_run *r, int round) {
  const esp_feedback_state course = esp__run_feedback(r);
  if (!esp__reacts(&r->config)) return esp_pruner_round_sparsity(r->pruner, round);
  if (course.over) return course.good;
  return course.good + course.step < r->config.prune.sparsity ? course.good + course.step
                                                              : r->config.prune.sparsity;
}

esp_status esp__run_keep_good(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (!esp__reacts(&r->config) || esp__run_feedback(r).back) return ESP_OK;
  ESP_TRY(esp__position_text(&r->at, &position, err));
  const esp_provenance from = {r->config_text, r->classes};
  const esp_status status = esp_checkpoint_save(r->model, r->pruner, from, position,
                                                esp__run_path(r, good_name, path), err);
  free(position);
  return status;
}

esp_status esp__run_step_back(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (!esp__run_feedback(r).back) return ESP_OK;
  const esp_status status =
      esp_checkpoint_load(r->model, r->pruner, esp__run_path(r, good_name, path), &position, err);
  free(position);
  return status;
}
