#include "config/stages.h"

#include <string.h>

bool esp__prunes(const esp_config *c) {
  return strcmp(c->prune.method, "none") != 0 || c->prune.mask_from[0];
}

bool esp__prunes_in_training(const esp_config *c) {
  return esp__prunes(c) && esp_prune_when_of(&c->prune) != ESP_PRUNE_ROUNDS;
}

/* The training, and the rounds behind it. */
static int stages_of_pruning(const esp_config *c) {
  return !esp__prunes(c) || esp__prunes_in_training(c) ? 1 : 1 + esp_prune_rounds(&c->prune);
}

int esp__stages(const esp_config *c) {
  return stages_of_pruning(c) + esp_compress_steps(&c->compress);
}

int esp__compress_step(const esp_config *c, int stage) {
  const int step = stage - stages_of_pruning(c);
  return step >= 0 && step < esp_compress_steps(&c->compress) ? step : -1;
}

const char *esp__stage_work(const esp_config *c, int stage) {
  const int step = esp__compress_step(c, stage);
  if (step >= 0) return esp_compress_step_of(&c->compress, step)->name;
  return stage > 0 || esp__prunes_in_training(c) ? "prune" : "train";
}

bool esp__learns_to_prune(const esp_config *c) {
  const esp_criterion *criterion = esp_criterion_find(c->prune.method);
  return criterion && criterion->needs == ESP_NEEDS_MOVEMENT;
}

bool esp__has_plain_dense_stage(const esp_config *c) {
  if (!esp__prunes(c)) return true;
  return !esp__prunes_in_training(c) && c->prune.early_bird == 0 && !esp__learns_to_prune(c) &&
         strcmp(c->prune.regulariser, "none") == 0;
}

esp_retrain esp__retrain_of(const esp_config *c) {
  size_t i = 0;
  while (i < ESP_RETRAIN_NONE && strcmp(esp_retrain_name(i), c->prune.retrain) != 0) i++;
  return (esp_retrain)i;
}

esp__rewind_point esp__rewind_point_of(const esp_config *c, int64_t batches) {
  const int64_t step = batches > 0 ? c->prune.rewind_step : 0;
  return step > 0 ? (esp__rewind_point){step / batches, step % batches}
                  : (esp__rewind_point){c->prune.rewind_epoch, 0};
}

int64_t esp__stage_epochs(const esp_config *c, int stage, int64_t batches) {
  const int step = esp__compress_step(c, stage);
  if (stage == 0) return c->train.epochs;
  if (step >= 0) return esp_compress_epochs(&c->compress, step);
  switch (esp__retrain_of(c)) {
    case ESP_FINETUNE:
    case ESP_RECONSTRUCT:
    case ESP_LR_REWIND:
      return c->prune.retrain_epochs;
    case ESP_WEIGHT_REWIND:
      return c->train.epochs - esp__rewind_point_of(c, batches).epoch;
    case ESP_REINIT:
      return c->train.epochs;
    case ESP_RETRAIN_NONE:
      break;
  }
  return 0;
}

int64_t esp__stage_batch(const esp_config *c, int stage, int64_t batches) {
  return stage > 0 && esp__compress_step(c, stage) < 0 && esp__retrain_of(c) == ESP_WEIGHT_REWIND
             ? esp__rewind_point_of(c, batches).batch
             : 0;
}

/* Of training on behind a step of [compress]. */
static double compress_rate(const esp_config *c, int step, double epoch) {
  esp_train_options on = c->train;
  on.lr = c->compress.lr;
  on.schedule = c->compress.schedule;
  on.warmup_epochs = 0.0;
  return esp_learning_rate(&on, epoch, (double)esp_compress_epochs(&c->compress, step));
}

double esp__stage_rate(const esp_config *c, int stage, double epoch, int64_t batches) {
  const double all = (double)c->train.epochs;
  const int step = esp__compress_step(c, stage);
  if (stage == 0) return esp_learning_rate(&c->train, epoch, all);
  if (step >= 0) return compress_rate(c, step, epoch);
  esp_train_options fine = c->train;
  fine.lr = c->prune.retrain_lr;
  fine.schedule = c->prune.retrain_schedule;
  fine.warmup_epochs = 0.0;
  switch (esp__retrain_of(c)) {
    case ESP_FINETUNE:
    case ESP_RECONSTRUCT:
      return esp_learning_rate(&fine, epoch, (double)c->prune.retrain_epochs);
    case ESP_LR_REWIND:
      return esp_learning_rate(&c->train, all - (double)c->prune.retrain_epochs + epoch, all);
    case ESP_WEIGHT_REWIND:
      return esp_learning_rate(&c->train, (double)esp__rewind_point_of(c, batches).epoch + epoch,
                               all);
    case ESP_REINIT:
      return esp_learning_rate(&c->train, epoch, all);
    case ESP_RETRAIN_NONE:
      break;
  }
  return 0.0;
}

bool esp__uses_distillation(const esp_config *c) {
  return esp__prunes(c) && (c->prune.distill > 0.0 || esp__retrain_of(c) == ESP_RECONSTRUCT);
}

bool esp__reacts(const esp_config *c) {
  return esp__prunes(c) && esp_prune_schedule_of(&c->prune)->react;
}

bool esp__searches(const esp_config *c) {
  return esp__prunes(c) && esp_distribution_of(&c->prune)->search;
}

double esp__prune_end_epoch(const esp_config *c) {
  return c->prune.end_epoch > 0.0 ? c->prune.end_epoch : 0.75 * (double)c->train.epochs;
}
