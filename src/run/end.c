/* The end of a stage: evaluate, record, report. */
#include "run/services.h"

#include "run/feedback.h"
#include "config/stages.h"

#include <stdlib.h>

enum { CONFUSION_CLASSES_MAX = 1000 };

static esp_status keep_weights(esp_run *r, esp_error *err) {
  char name[64] = "dense.safetensors";
  if (r->at.now.round > 0) snprintf(name, sizeof name, "round-%02d.safetensors", r->at.now.round);
  const bool last = r->at.stage + 1 == esp__run_stages(r);
  return r->config.run.save_rounds || last || r->at.stage == 0 ? esp__run_save_weights(r, name, err)
                                                               : ESP_OK;
}

/* The results of a stage, and which classes were taken for which unless they are too many for a
 * table. */
static esp_status evaluate_end(esp_run *r, esp__result *now, esp_error *err) {
  const int classes = r->set->classes;
  if (classes > CONFUSION_CLASSES_MAX)
    return esp__run_evaluate(r, &now->validation, &now->test, NULL, err);
  int64_t *confusion = calloc((size_t)classes * (size_t)classes, sizeof *confusion);
  if (!confusion)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the confusion of classes");
  esp_status status = esp__run_evaluate(r, &now->validation, &now->test, confusion, err);
  if (status == ESP_OK) status = esp__report_confusion(&r->at, now->round, confusion, classes, err);
  free(confusion);
  return status;
}

static void say_course(esp_run *r) {
  if (!esp__reacts(&r->config) || r->at.stage == 0) return;
  const esp_feedback_state c = esp__run_feedback(r);
  const char *what = c.over ? "the end" : "on";
  esp__progress_say(&r->progress,
                    "feedback: the network is %s; %s from a sparsity of %.2f %%, step %.2f %%",
                    c.back ? "not good enough" : "good", what, 100.0 * c.good, 100.0 * c.step);
}

esp_status esp__run_end_stage(esp_run *r, esp_error *err) {
  char name[64], tasks[256];
  esp__result *now = &r->at.now;
  ESP_TRY(esp__run_check_weights(r, err));
  ESP_TRY(esp__run_at_step(r, err)); /* what is due behind the last step */
  if (r->pruner) esp_pruner_finish(r->pruner);
  if (esp__run_in_training(r)) {
    now->round = 1; /* what the training did or began with is the round */
    now->requested = esp_pruner_round_sparsity(r->pruner, esp_pruner_rounds(r->pruner));
  }
  ESP_TRY(esp__run_conditional(r, esp__run_probe_epoch(r), err));
  ESP_TRY(evaluate_end(r, now, err));
  esp__result_count(now, r->model, r->graph, r->pruner);
  esp__progress_say(&r->progress, "%s: test top-1 %.2f %%%s, loss %.4f, sparsity %.2f %%",
                    esp__run_stage_name(r, name), 100.0 * esp_metrics_top1(&now->test),
                    esp__run_task_text(r, &now->test, tasks), esp_metrics_loss(&now->test),
                    100.0 * esp__run_sparsity(r));
  ESP_TRY(esp__report_layers(&r->at, r->model, now->requested, err));
  ESP_TRY(esp__kernels_csv_record(&r->at, r->model, r->graph, err));
  ESP_TRY(esp__run_log_result(r, now, err));
  ESP_TRY(esp__position_add(&r->at, now, err));
  ESP_TRY(keep_weights(r, err));
  ESP_TRY(esp__run_keep_good(r, err));
  say_course(r);
  r->at.stage++;
  r->at.epoch = r->at.batch = 0;
  r->at.begun = false;
  ESP_TRY(esp__run_save(r, err));
  ESP_TRY(esp__run_report(r, NULL, err));
  return esp__run_asked_to_stop(r) ? esp__run_save_in_time(r, err) : ESP_OK;
}
