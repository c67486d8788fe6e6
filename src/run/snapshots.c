#include "run/snapshots.h"

#include "config/stages.h"
#include "run/services.h"
#include "run/sharing.h"

#include <string.h>

static bool rewinds(const esp_run *r) {
  return r->pruner && !esp__prunes_in_training(&r->config) &&
         esp__retrain_of(&r->config) == ESP_WEIGHT_REWIND;
}

/* Saves the weights of a moment, named by its number, if that is in the list; and as those to come
 * back to. */
static esp_status keep(esp_run *r, const esp_numbers *list, int64_t number, const char *format,
                       bool rewind, esp_error *err) {
  char name[64];
  bool listed = false;
  for (int i = 0; i < list->count; i++) listed |= list->value[i] == (double)number;
  snprintf(name, sizeof name, format, (long long)number);
  if (listed) ESP_TRY(esp__run_save_weights(r, name, err));
  return rewind && rewinds(r) ? esp__run_save_weights(r, ESP_FILE_REWIND, err) : ESP_OK;
}

esp_status esp__run_keep_epoch(esp_run *r, int64_t epoch, esp_error *err) {
  const esp_prune_options *o = &r->config.prune;
  if (r->at.stage != 0) return ESP_OK;
  return keep(r, &r->config.run.keep_epochs, epoch, ESP_FILE_EPOCH,
              o->rewind_step == 0 && epoch == o->rewind_epoch, err);
}

esp_status esp__run_keep_step(esp_run *r, int64_t step, esp_error *err) {
  const esp_prune_options *o = &r->config.prune;
  if (r->at.stage != 0) return ESP_OK;
  return keep(r, &r->config.run.keep_steps, step, ESP_FILE_STEP,
              o->rewind_step > 0 && step == o->rewind_step, err);
}

esp_status esp__run_rewind(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp_params_clear_momentum(&r->model->params);
  const esp_retrain retrain = esp__retrain_of(&r->config);
  esp__run_meet(r);
  if (retrain == ESP_WEIGHT_REWIND)
    return esp_weights_load(r->model, esp__run_path(r, ESP_FILE_REWIND, path), err);
  if (retrain == ESP_REINIT)
    esp_model_initialise(r->model, esp_key_of((esp_key)r->config.run.seed, (uint64_t)r->at.stage));
  return ESP_OK;
}
