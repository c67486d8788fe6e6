/* Going on with a run from its newest checkpoint, if that is of the same experiment. */
#include "config/fingerprint.h"
#include "config/lengthen.h"
#include "config/parse.h"
#include "config/plugins.h"
#include "config/stages.h"
#include "run/compress_stage.h"
#include "run/open.h"
#include "run/reuse_dense.h"
#include "run/reuse_pruned.h"
#include "run/run.h"
#include "run/services.h"
#include "run/sharing.h"
#include "run/stage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A checkpoint can be damaged, or its configuration be changed, such that the parts do not go
 * together. */
static esp_status check_position(const esp_run *r, const char *path, esp_error *err) {
  const esp__position *p = &r->at;
  const int stages = esp__run_stages(r);
  bool good = p->stage >= 0 && p->stage <= stages && p->results == p->stage;
  const int64_t epochs =
      good && p->stage < stages
          ? esp__stage_epochs(&r->config, p->stage, esp_loader_batches(r->training))
          : 0;
  good = good && p->epoch >= 0 && p->epoch < (epochs > 0 ? epochs : 1) && p->batch >= 0 &&
         p->batch < (epochs > 0 ? esp_loader_batches(r->training) : 1);
  good = good && (p->begun ? p->now.round == p->stage : p->epoch == 0 && p->batch == 0);
  if (!good)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: says it is at stage %d, epoch %lld, batch %lld, "
                    "which this configuration does not have",
                    path, p->stage, (long long)p->epoch, (long long)p->batch);
  if (r->pruner && !esp_pruner_holds(r->pruner))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: has weights or momentum where its masks say there are none", path);
  return ESP_OK;
}

/* Stopped before the first checkpoint. */
static esp_status begin(esp_run *r, esp_error *err) {
  char config[ESP_PATH_MAX];
  ESP_TRY(esp__run_try_start(r, esp__run_path(r, ESP_FILE_CONFIG, config), err));
  ESP_TRY(esp__run_try_dense(r, err));
  ESP_TRY(esp__run_try_pruned(r, err));
  return esp__run_take_over(r, err);
}

/* How the configuration that a checkpoint was made with differs from that of the run. */
typedef struct change {
  char keys[512];     /* key by key; "": nothing, or it is not known */
  esp__longer longer; /* what only goes on for longer */
  char why[256];      /* why nothing does, where only its length differs */
} change;

static esp_status compare_texts(const char *there, const char *here, change *c, esp_error *err) {
  esp_config a, b;
  ESP_TRY(esp_config_parse(&a, "there", there, 0, NULL, err));
  esp_status status = esp_config_parse(&b, "here", here, 0, NULL, err);
  if (status == ESP_OK) {
    esp__config_differences(&a, &b, ESP_FINGERPRINT_ALL, c->keys);
    status = esp__config_lengthens(&a, &b, &c->longer, c->why, err);
    esp_config_free(&b);
  }
  esp_config_free(&a);
  return status;
}

/* A checkpoint holds the configuration that it was made with. */
static void find_change(const esp_run *r, const char *path, change *c) {
  esp_bundle b;
  *c = (change){.keys = ""};
  if (esp_bundle_load(&b, path, NULL) != ESP_OK) return;
  const char *there = esp_bundle_text(&b, "espalier.config");
  if (there && compare_texts(there, r->config_text, c, NULL) != ESP_OK) *c = (change){.keys = ""};
  esp_bundle_free(&b);
}

/* Why what is to be longer is over already; NULL: it is not. */
static const char *why_too_late(const esp_run *r, esp__longer longer) {
  const int stage = r->at.stage, steps = esp_compress_steps(&r->config.compress);
  if (longer == ESP_LONGER_TRAINING && stage > 0) return "the training has ended";
  if (longer == ESP_LONGER_RETRAINING && stage > 1)
    return "the retraining of the first round has ended";
  if (longer == ESP_LONGER_ROUNDS && steps > 0) return "what is compressed is the last round's";
  return NULL;
}

/* The run is longer than it was to be when the checkpoint was made. */
static esp_status lengthen(esp_run *r, const esp__position *fresh, change *c) {
  if (c->longer == ESP_LONGER_NOTHING) return ESP_ERR_INPUT;
  const char *late = why_too_late(r, c->longer);
  if (late) {
    snprintf(c->why, sizeof c->why, "%s", late);
    return ESP_ERR_INPUT;
  }
  esp__progress_say(&r->progress, "the run goes on for longer: %s", c->keys);
  memcpy(r->at.fingerprint, fresh->fingerprint, sizeof r->at.fingerprint);
  return ESP_OK;
}

/* Whether what the position was saved with is what this process has opened. */
static esp_status check_same(esp_run *r, const esp__position *fresh, const char *path,
                             esp_error *err) {
  change c = {.keys = ""};
  const bool same = strcmp(r->at.fingerprint, fresh->fingerprint) == 0;
  ESP_TRY(esp__plugins_match(path, r->at.plugins, fresh->plugins, ESP_PLUGINS_ALL, err));
  if (!same) find_change(r, path, &c);
  if (esp__only_statistics_differ(c.keys) || c.longer != ESP_LONGER_NOTHING)
    ESP_TRY(esp__run_check_data(r, &r->at.data, &fresh->data, r->dir, err));
  if (same || lengthen(r, fresh, &c) == ESP_OK) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: was made with another configuration than is asked for%s%s; "
                  "expected the same%s%s%s",
                  path, *c.keys ? ": " : "", c.keys, *c.why ? " (" : "", c.why, *c.why ? ")" : "");
}

static esp_status read_position(esp__position *at, const char *path, esp_error *err) {
  esp_bundle b;
  char *text = NULL;
  *at = (esp__position){0};
  ESP_TRY(esp_bundle_load(&b, path, err));
  esp_status status = esp_checkpoint_position(&b, path, &text, err);
  esp_bundle_free(&b);
  if (status != ESP_OK) return status;
  status = esp__position_parse(at, text, NULL);
  free(text);
  if (status == ESP_OK) return ESP_OK;
  return esp_fail(err, status, "%s: what it says of where the run was does not parse", path);
}

/* Before any tensor is read: of another configuration those would be others, and the message about
 * their shapes. */
static esp_status take_position(esp_run *r, const char *path, esp_error *err) {
  const esp__position fresh = r->at;
  const esp_status read = read_position(&r->at, path, err);
  const esp_status status = read == ESP_OK ? check_same(r, &fresh, path, err) : read;
  free(fresh.plugins);
  free(fresh.warnings);
  if (status == ESP_OK && !r->at.data.classes[0]) r->at.data = fresh.data;
  return status;
}

static esp_status load_checkpoint(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (access(esp__run_path(r, ESP_FILE_CHECKPOINT, path), F_OK) != 0) return begin(r, err);
  ESP_TRY(take_position(r, path, err));
  ESP_TRY(esp__run_restore_compressed(r, path, err));
  ESP_TRY(esp_checkpoint_load(r->model, r->pruner, path, &position, err));
  free(position);
  return check_position(r, path, err);
}

/* ---- with other keys ---- */

/* Of how a run begins: whoever changed them later would have it say of itself what is not so. */
#define BEGINNING(section, key) \
  { #section "." #key, offsetof(esp_config, section.key) }
static const struct {
  const char *name;
  size_t offset;
} beginning[] = {BEGINNING(run, name),   BEGINNING(run, output),    BEGINNING(run, dense),
                 BEGINNING(run, pruned), BEGINNING(model, weights), BEGINNING(model, weight_names)};
#undef BEGINNING

static const char *text_in(const esp_config *c, size_t offset) {
  return *(char *const *)(const void *)((const char *)c + offset);
}

static esp_status check_beginning(const esp_config *before, const esp_config *now, esp_error *err) {
  for (size_t i = 0; i < sizeof beginning / sizeof *beginning; i++)
    if (strcmp(text_in(before, beginning[i].offset), text_in(now, beginning[i].offset)) != 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "argument %s: says how a run begins, and this one has begun; "
                      "expected keys of how it goes on",
                      beginning[i].name);
  return ESP_OK;
}

static esp_status load_config(esp_run *r, int overrides, const char *const *override,
                              esp_error *err) {
  char path[ESP_PATH_MAX];
  esp_config before;
  esp__run_path(r, ESP_FILE_CONFIG, path);
  ESP_TRY(esp__config_load_run(&before, path, 0, NULL, err));
  esp_status status = esp__config_load_run(&r->config, path, overrides, override, err);
  if (status == ESP_OK) status = check_beginning(&before, &r->config, err);
  esp_config_free(&before);
  return status;
}

static esp_status check_directory(const esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  struct stat info;
  if (stat(r->dir, &info) == 0 && S_ISDIR(info.st_mode) &&
      access(esp__run_path(r, ESP_FILE_CONFIG, path), F_OK) == 0)
    return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: not a run directory: expected a directory with config.ini", r->dir);
}

/* All that is needed to go on but where the run was. */
static esp_status open_directory(esp_run *r, const char *dir, int overrides,
                                 const char *const *override, esp_error *err) {
  char path[ESP_PATH_MAX];
  ESP_TRY(esp__run_set_directory(r, dir, err));
  ESP_TRY(check_directory(r, err));
  ESP_TRY(load_config(r, overrides, override, err));
  if (esp__run_writes(r)) ESP_TRY(esp__lock_take(&r->lock, dir, false, err));
  return esp__run_open(r, esp__run_path(r, ESP_FILE_CONFIG, path), err);
}

esp_status esp_run_resume(const char *dir, int overrides, const char *const *override,
                          esp_run_control control, esp_error *err) {
  esp_run r = {.control = control};
  esp_status status = esp__run_agree(&r, open_directory(&r, dir, overrides, override, err), err);
  if (status == ESP_OK) status = esp__run_check_same(&r, err);
  if (status == ESP_OK) status = esp__run_agree(&r, load_checkpoint(&r, err), err);
  if (status == ESP_OK && overrides > 0) status = esp__run_write_config(&r, err);
  if (status == ESP_OK) status = esp__run_go_on(&r, err);
  if (r.config.run.name) esp__run_close(&r);
  return status;
}
