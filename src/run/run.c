/* A whole run: make or find its directory, go through the stages, write the result. */
#include "run/run.h"

#include "config/locate.h"
#include "config/paths.h"
#include "run/compress_stage.h"
#include "run/open.h"
#include "run/plan.h"
#include "run/reuse_dense.h"
#include "run/reuse_pruned.h"
#include "run/services.h"
#include "run/sharing.h"
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
  if (r->control.ranks)
    esp__progress_say(&r->progress, "%d processes; the first has sent %llu bytes",
                      esp_ranks_count(r->control.ranks),
                      (unsigned long long)esp_ranks_sent(r->control.ranks));
  return ESP_OK;
}

esp_status esp__run_go_on(esp_run *r, esp_error *err) {
  if (esp__run_writes(r) && !r->lock.guards)
    esp__progress_say(&r->progress,
                      "%s/" ESP_LOCK_FILE
                      ": cannot be locked on this file system; "
                      "nothing keeps a second process from working on the run",
                      r->dir);
  if (r->progress.line.out) ESP_TRY(esp__run_plan_write(r, r->progress.line.out, err));
  esp__run_say_warnings(r);
  esp_status status = esp__run_all_stages(r, err);
  if (status == ESP_OK) status = finish(r, err);
  return esp__run_end_alone(r, status, err);
}

/* `slash`: what stands between folder and name. */
static esp_status join_directory(esp_run *r, const char *folder, const char *slash,
                                 const char *name, esp_error *err) {
  const int length = snprintf(r->dir, sizeof r->dir, "%s%s%s", folder, slash, name);
  if (length > 0 && (size_t)length < sizeof r->dir) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%.60s...: a path of %d bytes, expected 1 to %zu", r->dir,
                  length, sizeof r->dir - 1);
}

esp_status esp__run_set_directory(esp_run *r, const char *dir, esp_error *err) {
  return join_directory(r, dir, "", "", err);
}

static esp_status choose_directory(esp_run *r, const char *dir, esp_error *err) {
  const esp_run_options *o = &r->config.run;
  return dir ? esp__run_set_directory(r, dir, err)
             : join_directory(r, o->output, "/", o->name, err);
}

/* Whether nobody else has files in the directory. */
static esp_status check_owner(const esp_run *r, esp_error *err) {
  return esp__directory_check(r->dir, (const char *[]){ESP_FILE_CONFIG, NULL}, "a run", err);
}

/* Whether a run can begin in the directory. */
static esp_status check_free(const esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (access(esp__run_path(r, ESP_FILE_CONFIG, path), F_OK) != 0) return check_owner(r, err);
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: holds a run already; go on with 'espalier resume %s', "
                  "or choose another directory with -o",
                  r->dir, r->dir);
}

esp_status esp__run_write_config(const esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *text = NULL;
  if (!esp__run_writes(r)) return ESP_OK;
  ESP_TRY(esp_config_text(&r->config, &text, err));
  const esp_status status =
      esp_file_write(esp__run_path(r, ESP_FILE_CONFIG, path), text, strlen(text), err);
  free(text);
  return status;
}

static esp_status make_directory(esp_run *r, const char *dir, esp_error *err) {
  ESP_TRY(choose_directory(r, dir, err));
  if (!esp__run_writes(r)) return ESP_OK;
  ESP_TRY(check_owner(r, err)); /* no lock goes where no run does */
  ESP_TRY(esp_directory_make(r->dir, err));
  ESP_TRY(esp__lock_take(&r->lock, r->dir, false, err));
  ESP_TRY(check_free(r, err));
  return esp__run_write_config(r, err);
}

/* Whether this process sees what rank 0 has made. */
static esp_status check_seen(const esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (access(esp__run_path(r, ESP_FILE_CONFIG, path), F_OK) == 0) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "%s: rank 0 has made it, this process does not see it; expected a folder that all "
      "processes share",
      r->dir);
}

/* The directory, as it was found. */
static void unmake_directory(const esp_run *r) {
  char path[ESP_PATH_MAX];
  if (!esp__run_writes(r)) return;
  unlink(esp__run_path(r, ESP_FILE_CONFIG, path));
  unlink(esp__run_path(r, ESP_LOCK_FILE, path));
  rmdir(r->dir);
}

static esp_status make_directory_for_all(esp_run *r, const char *dir, esp_error *err) {
  ESP_TRY(esp__run_agree(r, make_directory(r, dir, err), err));
  const esp_status status = esp__run_agree(r, check_seen(r, err), err);
  if (status != ESP_OK) unmake_directory(r);
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

esp_status esp__run_take_over(esp_run *r, esp_error *err) {
  return r->config.run.pruned[0] ? esp__run_take_pruned(r, err) : esp__run_take_dense(r, err);
}

esp_status esp_run_new(const esp_config *config, const char *source, const char *dir,
                       esp_run_control control, esp_error *err) {
  esp_run r = {.control = control};
  esp_status status = esp__run_agree(&r, prepare(&r, config, source, err), err);
  if (status == ESP_OK) status = esp__run_check_same(&r, err);
  if (status == ESP_OK) status = make_directory_for_all(&r, dir, err);
  if (status == ESP_OK) status = esp__run_agree(&r, esp__run_take_over(&r, err), err);
  if (status == ESP_OK) status = esp__run_go_on(&r, err);
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
  if (status == ESP_OK) status = check_free(&r, err);
  if (status == ESP_OK) esp__progress_start(&r.progress, out);
  if (status == ESP_OK) esp__run_say_warnings(&r);
  if (status == ESP_OK) status = write_plan(&r, out, err);
  esp__run_close(&r);
  return status;
}
