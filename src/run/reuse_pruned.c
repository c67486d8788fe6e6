#include "run/reuse_pruned.h"

#include "config/fingerprint.h"
#include "config/plugins.h"
#include "config/stages.h"
#include "run/open.h"
#include "run/reuse_dense.h"
#include "run/services.h"
#include "run/sharing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first stage that compresses. */
static int first_step(const esp_config *c) {
  return esp__stages(c) - esp_compress_steps(&c->compress);
}

static esp_status compare_pruned(const esp_run *r, const esp_config *theirs, const esp_config *ours,
                                 const esp__position *at, esp_error *err) {
  char there[65], here[65], differences[512];
  if (esp_compress_steps(&theirs->compress) > 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "run.pruned: %s is compressed already; expected a run without [compress]",
                    r->config.run.pruned);
  ESP_TRY(esp__config_fingerprint(theirs, ESP_FINGERPRINT_PRUNED, there, err));
  ESP_TRY(esp__config_fingerprint(ours, ESP_FINGERPRINT_PRUNED, here, err));
  if (strcmp(there, here) == 0) return ESP_OK;
  esp__config_differences(theirs, ours, ESP_FINGERPRINT_PRUNED, differences);
  if (*differences && esp__only_statistics_differ(differences))
    ESP_TRY(esp__run_check_data(r, &at->data, &r->at.data, r->config.run.pruned, err));
  return esp_fail(err, ESP_ERR_INPUT,
                  "run.pruned: %s was made with another configuration: %s; "
                  "expected other keys of [compress] alone",
                  r->config.run.pruned, differences);
}

/* Both configurations come with the normalisation filled in. */
static esp_status same_network(const esp_run *r, const char *path, const char *text,
                               const esp__position *at, esp_error *err) {
  esp_config ours, theirs;
  ESP_TRY(esp_config_parse(&ours, "configuration", r->config_text, 0, NULL, err));
  esp_status status = esp_config_parse(&theirs, path, text, 0, NULL, err);
  if (status == ESP_OK) {
    status = compare_pruned(r, &theirs, &ours, at, err);
    esp_config_free(&theirs);
  }
  esp_config_free(&ours);
  return status;
}

static esp_status check_position(const esp_run *r, const char *path, const esp__position *at,
                                 esp_error *err) {
  const int stage = at->stage, end = first_step(&r->config);
  ESP_TRY(esp__plugins_match(path, at->plugins, r->at.plugins, ESP_PLUGINS_ALL, err));
  if (stage == end && !at->begun) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "run.pruned: %s is at stage %d of %d; expected a finished run "
                  "('espalier resume %s' finishes it)",
                  r->config.run.pruned, stage, end, r->config.run.pruned);
}

static esp_status check_bundle(const esp_run *r, const esp_bundle *b, const char *path,
                               esp_error *err) {
  const char *config = esp_bundle_text(b, "espalier.config");
  if (!config)
    return esp_fail(err, ESP_ERR_INPUT, "run.pruned: %s: not a checkpoint of Espalier", path);
  esp__position at;
  ESP_TRY(esp__run_read_position(&at, b, path, err));
  esp_status status = same_network(r, path, config, &at, err);
  if (status == ESP_OK) status = check_position(r, path, &at, err);
  esp__position_free(&at);
  return status;
}

esp_status esp__run_try_pruned(const esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp_bundle b = {0};
  if (!r->config.run.pruned[0]) return ESP_OK;
  ESP_TRY(esp__path_make(path, r->config.run.pruned, ESP_FILE_CHECKPOINT, err));
  if (access(path, R_OK) != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "run.pruned: %s has no " ESP_FILE_CHECKPOINT
                    "; expected the directory of a finished run",
                    r->config.run.pruned);
  ESP_TRY(esp_bundle_load(&b, path, err));
  const esp_status status = check_bundle(r, &b, path, err);
  esp_bundle_free(&b);
  return status;
}

/* The dense network teaches here too, where it does. */
static esp_status take_dense_weights(const esp_run *r, esp_error *err) {
  char from[ESP_PATH_MAX], to[ESP_PATH_MAX];
  size_t bytes;
  char *data;
  if (!esp__run_writes(r)) return ESP_OK;
  ESP_TRY(esp__path_make(from, r->config.run.pruned, ESP_FILE_DENSE, err));
  if (access(from, R_OK) != 0) return ESP_OK;
  ESP_TRY(esp_file_read(from, (size_t)1 << 34, &data, &bytes, err));
  const esp_status status = esp_file_write(esp__run_path(r, ESP_FILE_DENSE, to), data, bytes, err);
  free(data);
  return status;
}

esp_status esp__run_take_pruned(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  ESP_TRY(esp__path_make(path, r->config.run.pruned, ESP_FILE_CHECKPOINT, err));
  ESP_TRY(esp_checkpoint_load(r->model, r->pruner, path, &position, err));
  esp_status status = esp__run_take_position(r, position, r->config.run.pruned, err);
  free(position);
  if (status == ESP_OK) status = take_dense_weights(r, err);
  if (status == ESP_OK) status = esp__run_save(r, err);
  return status == ESP_OK ? esp__run_report(r, NULL, err) : status;
}
