#include <espalier/instability.h>

#include "base/text.h"
#include "config/fingerprint.h"
#include "config/parse.h"
#include "config/stages.h"
#include "run/open.h"
#include "rundir/free.h"
#include "rundir/paths.h"
#include "rundir/position.h"

#include <espalier/results.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[2] = {"one", "two"};

/* ---- the two configurations ---- */

/* Steps of an epoch. */
static esp_status steps_of(const esp_config *c, int64_t *steps, esp_error *err) {
  esp_dataset *set;
  ESP_TRY(esp__config_data(c, &set, err));
  *steps = ((int64_t)set->train.count + c->train.batch - 1) / c->train.batch;
  esp_dataset_free(set);
  return ESP_OK;
}

static esp_status check_config(const esp_config *c, const char *source, esp_error *err) {
  if (esp__stages(c) != 1)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: instability looks at one training, and [prune] asks for rounds of retraining; "
        "expected prune.method=none, with mask_from for a pruned network",
        source);
  if (c->run.order == 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: [run] order = %lld: instability sets it; expected 0",
                  source, (long long)c->run.order);
}

static esp_status copy_config(const esp_config *from, int order, int64_t step, esp_config *to,
                              esp_error *err) {
  ESP_TRY(esp_config_copy(to, from, err));
  to->run.order = order;
  to->run.order_step = step;
  return ESP_OK;
}

/* ---- the two runs ---- */

static esp_status path_of(const char *dir, const char *name, char path[ESP_PATH_MAX],
                          esp_error *err) {
  enum { LONGEST = 2000 }; /* so that names fit behind it */
  if (esp__path_join(path, dir, name) && strlen(path) < LONGEST) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%.60s...: path too long", dir);
}

static esp_status check_same(const esp_config *c, const char *path, esp_error *err) {
  char ours[65], theirs[65];
  esp_config there;
  ESP_TRY(esp__config_fingerprint(c, ESP_FINGERPRINT_ALL, ours, err));
  ESP_TRY(esp_config_load(&there, path, 0, NULL, err));
  const esp_status status = esp__config_fingerprint(&there, ESP_FINGERPRINT_ALL, theirs, err);
  esp_config_free(&there);
  if (status != ESP_OK || strcmp(ours, theirs) == 0) return status;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: made with another configuration; choose another directory with -o", path);
}

/* The fingerprint of the other run: of its configuration with what the first has filled in. */
static esp_status fingerprint_of(const esp_bundle *b, int order, char hex[65], esp_error *err) {
  esp_config c;
  const char *text = esp_bundle_text(b, "espalier.config");
  ESP_TRY(esp_config_parse(&c, "espalier.config", text ? text : "", 0, NULL, err));
  c.run.order = order;
  const esp_status status = esp__config_fingerprint(&c, ESP_FINGERPRINT_ALL, hex, err);
  esp_config_free(&c);
  return status;
}

/* The position of a run says which configuration it has, and how long its event file is. The
 * bundle borrows the new one. */
static esp_status pass_on(esp_bundle *b, const esp_config *c, const char *branch, char **position,
                          esp_error *err) {
  char *there;
  esp__position at;
  ESP_TRY(esp_checkpoint_position(b, branch, &there, err));
  esp_status status = esp__position_parse(&at, there, err);
  free(there);
  if (status != ESP_OK) return status;
  status = fingerprint_of(b, (int)c->run.order, at.fingerprint, err);
  at.events = 0;
  if (status == ESP_OK) status = esp__position_text(&at, position, err);
  esp__position_free(&at);
  return status == ESP_OK ? esp_checkpoint_set_position(b, *position, err) : status;
}

/* The second run's directory, at the checkpoint that the first left where they part. The
 * configuration comes last: without it there is no run. */
static esp_status take_branch(const esp_config *c, const char *branch, const char *dir,
                              esp_error *err) {
  char path[ESP_PATH_MAX], *text, *position = NULL;
  esp_bundle b = {0};
  ESP_TRY(esp_directory_make(dir, err));
  ESP_TRY(esp_bundle_load(&b, branch, err));
  esp_status status = pass_on(&b, c, branch, &position, err);
  if (status == ESP_OK) status = path_of(dir, ESP_FILE_CHECKPOINT, path, err);
  if (status == ESP_OK) status = esp_bundle_save(&b, path, err);
  esp_bundle_free(&b);
  free(position);
  if (status != ESP_OK) return status;
  ESP_TRY(path_of(dir, ESP_FILE_CONFIG, path, err));
  ESP_TRY(esp_config_text(c, &text, err));
  status = esp_file_write(path, text, strlen(text), err);
  free(text);
  return status;
}

/* Brings the run to its end, from wherever it is. `branch`: a checkpoint to begin at, if that is
 * there. */
static esp_status train(const esp_config *c, const char *source, const char *dir,
                        const char *branch, esp_run_control control, esp_error *err) {
  char path[ESP_PATH_MAX];
  ESP_TRY(path_of(dir, ESP_FILE_CONFIG, path, err));
  const bool begun = access(path, F_OK) == 0;
  if (begun) ESP_TRY(check_same(c, path, err));
  if (begun && esp_results_finished(dir)) return ESP_OK;
  if (!begun && access(branch, F_OK) != 0) return esp_run_new(c, source, dir, control, err);
  if (!begun) ESP_TRY(take_branch(c, branch, dir, err));
  return esp_run_resume(dir, 0, NULL, control, err);
}

static esp_status train_both(const esp_config *config, const char *source,
                             char dir[2][ESP_PATH_MAX], int64_t step, esp_run_control control,
                             esp_error *err) {
  char branch[ESP_PATH_MAX];
  ESP_TRY(path_of(dir[0], ESP_FILE_BRANCH, branch, err));
  for (int i = 0; i < 2; i++) {
    esp_config c;
    ESP_TRY(copy_config(config, i + 1, step, &c, err));
    const esp_status status = train(&c, source, dir[i], i > 0 ? branch : "", control, err);
    esp_config_free(&c);
    if (status == ESP_ERR_INTERRUPTED)
      return esp_fail(err, status, "stopped; the same command goes on");
    if (status != ESP_OK) return status;
  }
  return ESP_OK;
}

/* ---- what is found ---- */

static const char *const point_columns[] = {
    "alpha", "statistics", "loss", "error", NULL,
};

static void write_points(FILE *out, const esp_interpolation *line) {
  esp__print_columns(out, point_columns);
  fputc('\n', out);
  for (int kind = 0; kind < line->kinds; kind++)
    for (int i = 0; i < line->points; i++) {
      const esp_metrics *m = &line->point[i].test[kind];
      fprintf(out, "%.9g,%s,%.9g,%.9g\n", line->point[i].alpha,
              esp_interpolation_name((esp_interpolation_statistics)kind), esp_metrics_loss(m),
              1.0 - esp_metrics_quality(m));
    }
}

static const char *const barrier_columns[] = {
    "step",     "statistics", "error_one",  "error_two",    "error_worst", "error_barrier",
    "loss_one", "loss_two",   "loss_worst", "loss_barrier", "distance",    NULL,
};

static void write_barriers(FILE *out, const esp_interpolation *line, int64_t step) {
  esp__print_columns(out, barrier_columns);
  fputc('\n', out);
  for (int kind = 0; kind < line->kinds; kind++) {
    const esp_barrier b = esp_interpolation_barrier(line, (esp_interpolation_statistics)kind);
    fprintf(out, "%lld,%s,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", (long long)step,
            esp_interpolation_name((esp_interpolation_statistics)kind), b.error[0], b.error[1],
            b.worst_error, b.error_barrier, b.loss[0], b.loss[1], b.worst_loss, b.loss_barrier,
            line->distance);
  }
}

static esp_status write_table(const char *dir, const char *name, const esp_interpolation *line,
                              int64_t step, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp__text t;
  ESP_TRY(path_of(dir, name, path, err));
  ESP_TRY(esp__text_begin(&t, name, err));
  if (step < 0)
    write_points(t.out, line);
  else
    write_barriers(t.out, line, step);
  return esp__text_write(&t, path, err);
}

esp_status esp_instability(esp_interpolation *line, const esp_config *config, const char *source,
                           const char *dir, esp_branch_point point, int points,
                           esp_run_control control, esp_error *err) {
  char path[2][ESP_PATH_MAX];
  const char *const ends[2] = {path[0], path[1]};
  int64_t steps = 1;
  ESP_TRY(check_config(config, source, err));
  ESP_TRY(esp__directory_check(dir, (const char *[]){names[0], NULL}, "this command", err));
  for (int i = 0; i < 2; i++) ESP_TRY(path_of(dir, names[i], path[i], err));
  if (point.epochs) ESP_TRY(steps_of(config, &steps, err));
  const int64_t step = point.number * steps;
  ESP_TRY(train_both(config, source, path, step, control, err));
  ESP_TRY(esp_interpolation_measure(line, ends, points, control, err));
  esp_status status = write_table(dir, ESP_FILE_INTERPOLATION, line, -1, err);
  if (status == ESP_OK) status = write_table(dir, ESP_FILE_INSTABILITY, line, step, err);
  if (status != ESP_OK) esp_interpolation_free(line);
  return status;
}
