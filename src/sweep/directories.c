/* The directories of a sweep: what is there, what has to be made. */
#include "base/lock.h"
#include "config/fingerprint.h"
#include "config/parse.h"
#include "rundir/free.h"
#include "rundir/paths.h"
#include "sweep/reuse_dense.h"

#include <espalier/file.h>
#include <espalier/results.h>
#include <espalier/sweep.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_directory(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool has_text(const char *path, const char *text) {
  char *there;
  size_t bytes;
  if (esp_file_read(path, 1 << 20, &there, &bytes, NULL) != ESP_OK) return false;
  const bool same = strcmp(there, text) == 0;
  free(there);
  return same;
}

static bool has_run(const esp_sweep *s, const char *name) {
  for (int i = 0; i < s->runs; i++)
    if (strcmp(s->run[i].name, name) == 0) return true;
  return false;
}

/* A sweep may grow; one that has not all the runs of the one that is there would take its place. */
static esp_status check_grown(const esp_sweep *s, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp_sweep there;
  esp_status status = ESP_OK;
  ESP_TRY(esp__path_make(path, s->dir, ESP_FILE_SWEEP, err));
  if (has_text(path, s->text)) return ESP_OK;
  ESP_TRY(esp_sweep_load(&there, s->dir, NULL, 0, NULL, err));
  for (int i = there.denses; i < there.runs && status == ESP_OK; i++)
    if (!has_run(s, there.run[i].name))
      status = esp_fail(err, ESP_ERR_INPUT,
                        "%s: holds another sweep, with the run %s, which this one has not; "
                        "list its values too, or choose another directory with -o",
                        s->dir, there.run[i].name);
  esp_sweep_free(&there);
  return status;
}

/* Others may begin in a directory between two looks at it. Whether it is free is asked first: what
 * is not free has its sweep.ini or config.ini already, if it is one of ours. */
static esp_status survey_sweep(const esp_sweep *s, esp_error *err) {
  if (access(s->dir, F_OK) != 0) return ESP_OK;
  if (!is_directory(s->dir))
    return esp_fail(err, ESP_ERR_INPUT, "%s: is in the way; expected a directory or nothing",
                    s->dir);
  const bool is_free = esp__directory_is_free(s->dir);
  if (esp__path_exists(s->dir, ESP_FILE_CONFIG))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: holds a run; choose another directory for the sweep with -o", s->dir);
  if (esp__path_exists(s->dir, ESP_FILE_SWEEP)) return check_grown(s, err);
  if (is_free) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "%s: not the directory of a sweep: expected one with sweep.ini, an empty one, or nothing",
      s->dir);
}

/* The directory must have been made by the same configuration, neutral keys apart. */
static esp_status compare_config(const esp_sweep_run *run, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX], there[65], wanted[65], differences[512];
  esp_config c;
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_CONFIG, err));
  ESP_TRY(esp__config_load_run(&c, path, 0, NULL, err));
  esp_status status = esp__config_fingerprint(&c, ESP_FINGERPRINT_ALL, there, err);
  const bool weights = esp__same_weights(&c, &run->config);
  esp__config_differences(&c, &run->config, ESP_FINGERPRINT_ALL, differences);
  if (!weights && !*differences)
    snprintf(differences, sizeof differences, "[model] weights = %.200s, not %.200s",
             c.model.weights, run->config.model.weights);
  esp_config_free(&c);
  if (status == ESP_OK)
    status = esp__config_fingerprint(&run->config, ESP_FINGERPRINT_ALL, wanted, err);
  if (status != ESP_OK || (weights && strcmp(there, wanted) == 0)) return status;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "%s: was made by another configuration%s%s; go back to the one in its config.ini, "
      "or choose another directory with -o",
      dir, *differences ? ": " : "", differences);
}

static esp_status survey_run(esp_sweep_run *run, const char *dir, esp_error *err) {
  run->state = ESP_SWEEP_WAITING;
  if (access(dir, F_OK) != 0) return ESP_OK;
  if (!is_directory(dir))
    return esp_fail(err, ESP_ERR_INPUT, "%s: is in the way; expected a run directory or nothing",
                    dir);
  const bool is_free = esp__directory_is_free(dir);
  if (!esp__path_exists(dir, ESP_FILE_CONFIG)) {
    if (is_free) return ESP_OK; /* killed before it began */
    return esp_fail(err, ESP_ERR_INPUT, "%s: not a run directory: expected one with config.ini",
                    dir);
  }
  ESP_TRY(compare_config(run, dir, err));
  run->state = esp_results_finished(dir) ? ESP_SWEEP_FINISHED : ESP_SWEEP_BEGUN;
  return ESP_OK;
}

esp_status esp_sweep_survey_run(esp_sweep *s, int i, esp_error *err) {
  char dir[ESP_PATH_MAX];
  return survey_run(&s->run[i], esp_sweep_path(s, i, dir), err);
}

/* A training that was made before the run was asked for may not have kept the weights that it
 * rewinds to. */
static esp_status check_kept(esp_sweep *s, int i, esp_error *err) {
  char dir[ESP_PATH_MAX], path[ESP_PATH_MAX];
  const esp_sweep_run *run = &s->run[i];
  esp_config training;
  if (run->dense < 0 || run->state != ESP_SWEEP_WAITING) return ESP_OK;
  if (!esp__path_exists(esp_sweep_path(s, run->dense, dir), ESP_FILE_CONFIG)) return ESP_OK;
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_CONFIG, err));
  ESP_TRY(esp__config_load_run(&training, path, 0, NULL, err));
  const bool kept = esp__keeps_moment(&training, &run->config);
  esp_config_free(&training);
  return kept ? ESP_OK : esp__sweep_part(s, i, err);
}

esp_status esp_sweep_survey(esp_sweep *s, esp_error *err) {
  ESP_TRY(survey_sweep(s, err));
  for (int i = 0; i < s->runs; i++) ESP_TRY(esp_sweep_survey_run(s, i, err));
  for (int i = 0; i < s->runs; i++) ESP_TRY(check_kept(s, i, err));
  return ESP_OK;
}

/* ---- making them, with the sweep's directory locked: shares may begin at the same time ---- */

static esp_status write_text(const char *dir, const char *name, const char *text, esp_error *err) {
  char path[ESP_PATH_MAX];
  ESP_TRY(esp__path_make(path, dir, name, err));
  return has_text(path, text) ? ESP_OK : esp_file_write(path, text, strlen(text), err);
}

esp_status esp_sweep_make(const esp_sweep *s, esp_error *err) {
  esp__lock lock;
  ESP_TRY(esp_directory_make(s->dir, err));
  ESP_TRY(esp__lock_take(&lock, s->dir, true, err));
  const esp_status status = write_text(s->dir, ESP_FILE_SWEEP, s->text, err);
  esp__lock_drop(&lock);
  return status;
}

static esp_status make_run(const char *dir, const esp_config *c, esp_error *err) {
  char *text;
  if (esp__path_exists(dir, ESP_FILE_CONFIG)) return ESP_OK;
  ESP_TRY(esp_directory_make(dir, err));
  ESP_TRY(esp_config_text(c, &text, err));
  const esp_status status = write_text(dir, ESP_FILE_CONFIG, text, err);
  free(text);
  return status;
}

esp_status esp_sweep_make_run(const esp_sweep *s, int i, esp_error *err) {
  char dir[ESP_PATH_MAX];
  esp__lock lock;
  ESP_TRY(esp_directory_make(s->dir, err));
  ESP_TRY(esp__lock_take(&lock, s->dir, true, err));
  const esp_status status = make_run(esp_sweep_path(s, i, dir), &s->run[i].config, err);
  esp__lock_drop(&lock);
  return status;
}
