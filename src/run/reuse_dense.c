#include "run/reuse_dense.h"

#include "config/fingerprint.h"
#include "config/plugins.h"
#include "config/stages.h"
#include "run/feedback.h"
#include "run/open.h"
#include "run/services.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool rewinds(const esp_run *r) {
  return r->pruner && esp__retrain_of(&r->config) == ESP_WEIGHT_REWIND;
}

static esp_status rewind_path(const esp_run *r, char path[ESP_PATH_MAX], esp_error *err) {
  char name[64];
  const esp_prune_options *o = &r->config.prune;
  if (o->rewind_step > 0)
    snprintf(name, sizeof name, ESP_FILE_STEP, (long long)o->rewind_step);
  else
    snprintf(name, sizeof name, ESP_FILE_EPOCH, (long long)o->rewind_epoch);
  return esp__path_make(path, r->config.run.dense, name, err);
}

static esp_status compare_training(const esp_run *r, const esp_config *other,
                                   const esp_config *ours, const esp__position *at,
                                   esp_error *err) {
  char here[65], there[65], differences[512];
  ESP_TRY(esp__config_fingerprint(ours, ESP_FINGERPRINT_DENSE, here, err));
  ESP_TRY(esp__config_fingerprint(other, ESP_FINGERPRINT_DENSE, there, err));
  const bool weights = esp__same_weights(other, &r->config);
  if (weights && strcmp(here, there) == 0) return ESP_OK;
  esp__config_differences(other, ours, ESP_FINGERPRINT_DENSE, differences);
  if (*differences && esp__only_statistics_differ(differences))
    ESP_TRY(esp__run_check_data(r, &at->data, &r->at.data, r->config.run.dense, err));
  return esp_fail(err, ESP_ERR_INPUT,
                  "run.dense: %s was trained with another configuration: %s; expected the same "
                  "seed, [data], [model] and [train]",
                  r->config.run.dense, *differences ? differences : "other [model] weights");
}

/* Both configurations come with the normalisation filled in, from the weights they describe. */
static esp_status same_training(const esp_run *r, const char *path, const char *text,
                                const esp__position *at, esp_error *err) {
  esp_config other, ours;
  ESP_TRY(esp_config_parse(&ours, "configuration", r->config_text, 0, NULL, err));
  esp_status status = esp_config_parse(&other, path, text, 0, NULL, err);
  if (status == ESP_OK) {
    status = compare_training(r, &other, &ours, at, err);
    esp_config_free(&other);
  }
  esp_config_free(&ours);
  return status;
}

static esp_status check_position(const esp_run *r, const char *path, const esp__position *at,
                                 esp_error *err) {
  const bool ended = at->stage == 1 && at->results == 1 && !at->begun && at->result[0].round == 0;
  ESP_TRY(esp__plugins_match(path, at->plugins, r->at.plugins, ESP_PLUGINS_COMMON, err));
  return ended ? ESP_OK
               : esp_fail(err, ESP_ERR_INPUT,
                          "run.dense: %s is not at the end of its training; "
                          "expected a finished run with prune.method = none",
                          r->config.run.dense);
}

static esp_status check_bundle(const esp_run *r, const esp_bundle *b, const char *path,
                               esp_error *err) {
  const char *config = esp_bundle_text(b, "espalier.config");
  esp__position at;
  if (!config)
    return esp_fail(err, ESP_ERR_INPUT, "run.dense: %s: not a checkpoint of Espalier", path);
  ESP_TRY(esp__run_read_position(&at, b, path, err));
  esp_status status = check_position(r, path, &at, err);
  if (status == ESP_OK) status = same_training(r, path, config, &at, err);
  esp__position_free(&at);
  return status;
}

esp_status esp__run_try_dense(const esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp_bundle b = {0};
  if (!r->config.run.dense[0]) return ESP_OK;
  if (!esp__has_plain_dense_stage(&r->config))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "run.dense: in this configuration [prune] takes part in the training before the first "
        "round, so no other's can be taken over");
  if (rewinds(r)) {
    ESP_TRY(rewind_path(r, path, err));
    if (access(path, R_OK) != 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "run.dense: no %s; expected its number among the run.%s of it", path,
                      r->config.prune.rewind_step > 0 ? "keep_steps" : "keep_epochs");
  }
  ESP_TRY(esp__path_make(path, r->config.run.dense, ESP_FILE_CHECKPOINT, err));
  ESP_TRY(esp_bundle_load(&b, path, err));
  const esp_status status = check_bundle(r, &b, path, err);
  esp_bundle_free(&b);
  return status;
}

esp_status esp__run_read_position(esp__position *at, const esp_bundle *b, const char *path,
                                  esp_error *err) {
  char *text;
  ESP_TRY(esp_checkpoint_position(b, path, &text, err));
  const esp_status status = esp__position_parse(at, text, err);
  free(text);
  return status;
}

esp_status esp__run_take_position(esp_run *r, const char *text, const char *from, esp_error *err) {
  esp__position at;
  ESP_TRY(esp__position_parse(&at, text, err));
  const esp_status same = esp__run_check_data(r, &at.data, &r->at.data, from, err);
  if (same != ESP_OK) {
    esp__position_free(&at);
    return same;
  }
  at.data = r->at.data;
  memcpy(at.fingerprint, r->at.fingerprint, sizeof at.fingerprint);
  at.events = 0; /* the event file stays with the other run */
  free(at.plugins);
  free(at.warnings);
  at.plugins = r->at.plugins;
  at.warnings = r->at.warnings;
  r->at.plugins = r->at.warnings = NULL;
  esp__position_free(&r->at);
  r->at = at;
  return ESP_OK;
}

esp_status esp__run_take_dense(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (!r->config.run.dense[0]) return ESP_OK;
  if (rewinds(r)) {
    ESP_TRY(rewind_path(r, path, err));
    ESP_TRY(esp_weights_load(r->model, path, err));
    ESP_TRY(esp__run_save_weights(r, ESP_FILE_REWIND, err));
  }
  ESP_TRY(esp__path_make(path, r->config.run.dense, ESP_FILE_CHECKPOINT, err));
  ESP_TRY(esp_checkpoint_load(r->model, NULL, path, &position, err));
  esp_status status = esp__run_take_position(r, position, r->config.run.dense, err);
  free(position);
  if (status == ESP_OK) status = esp__run_count(r, &r->at.result[0], err);
  if (status == ESP_OK) status = esp__run_save_weights(r, ESP_FILE_DENSE, err);
  if (status == ESP_OK) status = esp__run_keep_good(r, err);
  if (status == ESP_OK) status = esp__run_save(r, err);
  return status == ESP_OK ? esp__run_report(r, NULL, err) : status;
}
