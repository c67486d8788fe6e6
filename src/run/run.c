/* A whole run: make or find its directory, go through the stages, write the result. */
#include "config/fingerprint.h"
#include "config/lengthen.h"
#include "config/locate.h"
#include "config/parse.h"
#include "config/paths.h"
#include "config/plugins.h"
#include "config/stages.h"
#include "run/compress_stage.h"
#include "run/open.h"
#include "run/plan.h"
#include "run/reuse_dense.h"
#include "run/reuse_pruned.h"
#include "run/services.h"
#include "run/stage.h"
#include "run/warnings.h"
#include "rundir/free.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static esp_status finish(esp_run *r, esp_error *err) {
  char hex[65];
  esp_params_swap_average(&r->model->params); /* what is saved is what is hashed */
  esp_params_sha256(&r->model->params, hex);
  esp_params_swap_average(&r->model->params);
  ESP_TRY(esp__run_report(r, hex, err));
  esp__progress_say(&r->progress, "\nweights_sha256 %s\npeak memory %.0f MiB\nresults in %s", hex,
                    r->at.peak_rss_mib, r->dir);
  return ESP_OK;
}

static esp_status go_on(esp_run *r, esp_error *err) {
  if (!r->lock.guards)
    esp__progress_say(&r->progress,
                      "%s/" ESP_LOCK_FILE
                      ": cannot be locked on this file system; "
                      "nothing keeps a second process from working on the run",
                      r->dir);
  if (r->progress.line.out) ESP_TRY(esp__run_plan_write(r, r->progress.line.out, err));
  esp__run_say_warnings(r);
  ESP_TRY(esp__run_all_stages(r, err));
  return finish(r, err);
}

static esp_status set_directory(esp_run *r, const char *folder, const char *slash, const char *name,
                                esp_error *err) {
  const int length = snprintf(r->dir, sizeof r->dir, "%s%s%s", folder, slash, name);
  if (length > 0 && (size_t)length < sizeof r->dir) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%.60s...: a path of %d bytes, expected 1 to %zu", r->dir,
                  length, sizeof r->dir - 1);
}

static esp_status choose_directory(esp_run *r, const char *dir, esp_error *err) {
  const esp_run_options *o = &r->config.run;
  return dir ? set_directory(r, dir, "", "", err) : set_directory(r, o->output, "/", o->name, err);
}

/* Whether a run can begin in the directory, which is there. */
static esp_status check_free(const esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (access(esp__run_path(r, ESP_FILE_CONFIG, path), F_OK) == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: holds a run already; go on with 'espalier resume %s', "
                    "or choose another directory with -o",
                    r->dir, r->dir);
  if (!esp__directory_is_free(r->dir))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: has files in it that are not a run's; expected an empty directory, "
                    "or a name that is not there yet",
                    r->dir);
  return ESP_OK;
}

static esp_status make_directory(esp_run *r, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX], *text = NULL;
  ESP_TRY(choose_directory(r, dir, err));
  ESP_TRY(esp_directory_make(r->dir, err));
  ESP_TRY(esp__lock_take(&r->lock, r->dir, false, err));
  ESP_TRY(check_free(r, err));
  ESP_TRY(esp_config_text(&r->config, &text, err));
  esp_status status =
      esp_file_write(esp__run_path(r, ESP_FILE_CONFIG, path), text, strlen(text), err);
  free(text);
  return status;
}

/* All that is checked before a run makes its directory. */
static esp_status prepare(esp_run *r, const esp_config *config, const char *source,
                          esp_error *err) {
  ESP_TRY(esp_config_copy(&r->config, config, err));
  ESP_TRY(esp__config_find_paths(&r->config, NULL, err));
  ESP_TRY(esp__run_open(r, source, err));
  ESP_TRY(esp__run_try_start(r, source, err));
  ESP_TRY(esp__config_located(source, esp__run_try_compress(r, err), err));
  ESP_TRY(esp__run_try_dense(r, err));
  return esp__run_try_pruned(r, err);
}

/* What another run has done already: all up to its last round, or the training. */
static esp_status take_over(esp_run *r, esp_error *err) {
  return r->config.run.pruned[0] ? esp__run_take_pruned(r, err) : esp__run_take_dense(r, err);
}

esp_status esp_run_new(const esp_config *config, const char *source, const char *dir,
                       esp_run_control control, esp_error *err) {
  esp_run r = {.control = control};
  esp_status status = prepare(&r, config, source, err);
  if (status == ESP_OK) status = make_directory(&r, dir, err);
  if (status == ESP_OK) status = take_over(&r, err);
  if (status == ESP_OK) status = go_on(&r, err);
  esp__run_close(&r);
  return status;
}

static esp_status write_plan(esp_run *r, FILE *out, esp_error *err) {
  const double enough = 2.0; /* seconds of training */
  esp__run_pace pace;
  ESP_TRY(esp__run_plan_write(r, out, err));
  ESP_TRY(esp__run_measure_pace(r, enough, &pace, err));
  esp__run_plan_write_time(r, &pace, out);
  fprintf(out, "results  would be in %s; nothing was made\n", r->dir);
  return ESP_OK;
}

esp_status esp_run_plan(const esp_config *config, const char *source, const char *dir, FILE *out,
                        esp_error *err) {
  esp_run r = {.control = {.progress = NULL}};
  esp_status status = prepare(&r, config, source, err);
  if (status == ESP_OK) status = choose_directory(&r, dir, err);
  if (status == ESP_OK && access(r.dir, F_OK) == 0) status = check_free(&r, err);
  if (status == ESP_OK) esp__progress_start(&r.progress, out);
  if (status == ESP_OK) esp__run_say_warnings(&r);
  if (status == ESP_OK) status = write_plan(&r, out, err);
  esp__run_close(&r);
  return status;
}

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
  return take_over(r, err);
}

/* How the configuration that a checkpoint was made with differs from that of the run. */
typedef struct change {
  char keys[512]; /* key by key; "": nothing, or it is not known */
  bool lengthens; /* it only goes on longer */
  char why[256];  /* why not, where a number of epochs or rounds is all that differs */
} change;

static esp_status compare_texts(const char *there, const char *here, change *c, esp_error *err) {
  esp_config a, b;
  ESP_TRY(esp_config_parse(&a, "there", there, 0, NULL, err));
  esp_status status = esp_config_parse(&b, "here", here, 0, NULL, err);
  if (status == ESP_OK) {
    esp__config_differences(&a, &b, ESP_FINGERPRINT_ALL, c->keys);
    status = esp__config_lengthens(&a, &b, &c->lengthens, c->why, err);
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

/* The training is longer than it was when the checkpoint was made. */
static esp_status lengthen(esp_run *r, const esp__position *fresh, change *c) {
  if (c->lengthens && r->at.stage > 0) {
    c->lengthens = false;
    snprintf(c->why, sizeof c->why, "the training has ended");
  }
  if (!c->lengthens) return ESP_ERR_INPUT;
  esp__progress_say(&r->progress, "the training goes on for longer: %s", c->keys);
  memcpy(r->at.fingerprint, fresh->fingerprint, sizeof r->at.fingerprint);
  return ESP_OK;
}

/* Mean and deviation are measured where nobody sets them: then it is the data that differ. */
static bool only_statistics(const char *differences) {
  for (const char *key = differences; (key = strchr(key, '[')); key++)
    if (strncmp(key, "[data] mean ", 12) != 0 && strncmp(key, "[data] std ", 11) != 0) return false;
  return true;
}

/* Whether what the position was saved with is what this process has opened. */
static esp_status check_same(esp_run *r, const esp__position *fresh, const char *path,
                             esp_error *err) {
  change c = {.keys = ""};
  const bool same = strcmp(r->at.fingerprint, fresh->fingerprint) == 0;
  ESP_TRY(esp__plugins_match(path, r->at.plugins, fresh->plugins, ESP_PLUGINS_ALL, err));
  if (!same) find_change(r, path, &c);
  if (only_statistics(c.keys) || c.lengthens)
    ESP_TRY(esp__run_check_data(r, &r->at.data, &fresh->data, r->dir, err));
  if (same || lengthen(r, fresh, &c) == ESP_OK) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: was made with another configuration than %s/config.ini%s%s; "
                  "expected the same%s%s%s",
                  path, r->dir, *c.keys ? ": " : "", c.keys, *c.why ? " (" : "", c.why,
                  *c.why ? ")" : "");
}

static esp_status load_checkpoint(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  if (access(esp__run_path(r, ESP_FILE_CHECKPOINT, path), F_OK) != 0) return begin(r, err);
  ESP_TRY(esp__run_restore_compressed(r, path, err));
  ESP_TRY(esp_checkpoint_load(r->model, r->pruner, path, &position, err));
  const esp__position fresh = r->at;
  esp_status status = esp__position_parse(&r->at, position, NULL);
  free(position);
  if (status == ESP_ERR_INPUT)
    status = esp_fail(err, status, "%s: what it says of where the run was does not parse", path);
  if (status == ESP_OK) status = check_same(r, &fresh, path, err);
  free(fresh.plugins);
  free(fresh.warnings);
  if (status == ESP_OK && !r->at.data.classes[0]) r->at.data = fresh.data;
  return status == ESP_OK ? check_position(r, path, err) : status;
}

esp_status esp_run_resume(const char *dir, esp_run_control control, esp_error *err) {
  char path[ESP_PATH_MAX];
  struct stat info;
  esp_run r = {.control = control};
  ESP_TRY(set_directory(&r, dir, "", "", err));
  if (stat(dir, &info) != 0 || !S_ISDIR(info.st_mode) ||
      access(esp__run_path(&r, ESP_FILE_CONFIG, path), F_OK) != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: not a run directory: expected a directory with config.ini", dir);
  esp_status status = esp__config_load_run(&r.config, path, err);
  if (status != ESP_OK) return status;
  status = esp__lock_take(&r.lock, dir, false, err);
  if (status == ESP_OK) status = esp__run_open(&r, path, err);
  if (status == ESP_OK) status = load_checkpoint(&r, err);
  if (status == ESP_OK) status = go_on(&r, err);
  esp__run_close(&r);
  return status;
}
