#include "run/feedback.h"

#include "config/stages.h"

#include <stdlib.h>

static const char good_name[] = "good.safetensors";

/* The course after the rounds that there are; *seen: how many it took until it was over, or all. */
static esp_course replay(const esp_run *r, int *seen) {
  const esp_prune_options *o = &r->config.prune;
  const esp_prune_schedule *schedule = esp_prune_schedule_of(o);
  esp_course course = {.step = o->step};
  *seen = 0;
  while (!course.over && *seen + 1 < r->at.results) {
    const esp_result *dense = &r->at.result[0], *now = &r->at.result[++*seen];
    const double drop = esp_top1(&dense->validation) - esp_top1(&now->validation);
    schedule->react(o, &course, now->requested, drop);
    course.over |= *seen >= esp_prune_rounds(o);
  }
  return course;
}

esp_course esp_run_course(const esp_run *r) {
  int seen;
  return esp_reacts(&r->config) ? replay(r, &seen) : (esp_course){0};
}

bool esp_run_brings_back(const esp_run *r) {
  const esp_course course = esp_run_course(r);
  return course.over && course.back;
}

int esp_run_stages(const esp_run *r) {
  int seen;
  if (!esp_reacts(&r->config)) return esp_stages(&r->config);
  const esp_course course = replay(r, &seen);
  return course.over ? 1 + seen + course.back : esp_stages(&r->config);
}

double esp_run_asked(const esp_run *r, int round) {
  const esp_course course = esp_run_course(r);
  if (!esp_reacts(&r->config)) return esp_pruner_round_sparsity(r->pruner, round);
  if (course.over) return course.good;
  return course.good + course.step < r->config.prune.sparsity ? course.good + course.step
                                                              : r->config.prune.sparsity;
}

esp_status esp_run_keep_good(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (!esp_reacts(&r->config) || esp_run_course(r).back) return ESP_OK;
  ESP_TRY(esp_position_text(&r->at, &position, err));
  const esp_provenance from = {r->config_text, r->classes};
  const esp_status status =
      esp_checkpoint_save(r->model, r->pruner, from, position, esp_run_path(r, good_name, path), err);
  free(position);
  return status;
}

esp_status esp_run_step_back(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (!esp_run_course(r).back) return ESP_OK;
  const esp_status status =
      esp_checkpoint_load(r->model, r->pruner, esp_run_path(r, good_name, path), &position, err);
  free(position);
  return status;
}
