#include <espalier/pack.h>
#include <espalier/sensitivity.h>

#include "base/shown.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/parse.h"
#include "prune/search/trial.h"
#include "run/open.h"
#include "run/services.h"
#include "run/trial_evaluator.h"
#include "rundir/free.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const double every_line = 10.0; /* seconds */
static const char default_sparsities[] = "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 0.95";

/* ---- the configuration ---- */

static bool is_directory(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool ends_with(const char *text, const char *ending) {
  const size_t n = strlen(text), m = strlen(ending);
  return n >= m && strcmp(text + n - m, ending) == 0;
}

static bool is_configuration(const char *path) {
  return !is_directory(path) && ends_with(path, ".ini");
}

/* The configuration in a packed file says nothing of the network, which stands beside it. */
static esp_status describe_network(esp_loaded_run *o, esp_error *err) {
  ESP_TRY(esp__config_set(&o->config, "model.arch", "custom", "network", err));
  ESP_TRY(esp__config_set(&o->config, "model.layers", o->model->text, "network", err));
  esp_model_options_literal(&o->config.model);
  return ESP_OK;
}

/* The configuration that weights come with has the normalisation they were trained with. *seen: the
 * validation images are not among those that were held out then. */
static esp_status config_of_weights(const esp_sensitivity_options *o, const char *path,
                                    esp_config *c, bool *seen, esp_error *err) {
  esp_loaded_run trained;
  char *text = NULL;
  ESP_TRY(esp_load_run(&trained, path, false, 0, NULL, err));
  const int64_t held_out = trained.config.data.validation;
  esp_status status = esp_is_packed(path) ? describe_network(&trained, err) : ESP_OK;
  if (status == ESP_OK) status = esp_config_text(&trained.config, &text, err);
  esp_loaded_run_free(&trained);
  if (status == ESP_OK) status = esp_config_parse(c, path, text, o->overrides, o->override, err);
  free(text);
  *seen = status == ESP_OK && (c->data.validation == 0 || c->data.validation > held_out);
  return status;
}

/* Fills the configuration and the file of the weights. */
static esp_status read_subject(const esp_sensitivity_options *o, esp_config *c, char file[4096],
                               bool *seen, esp_error *err) {
  char dense[ESP_PATH_MAX];
  if (is_configuration(o->path)) {
    ESP_TRY(esp_config_load(c, o->path, o->overrides, o->override, err));
    esp_status status = ESP_OK;
    *seen = c->data.validation == 0;
    if (!c->model.weights[0])
      status = esp_fail(err, ESP_ERR_INPUT,
                        "%s: a trained network is looked at: expected [model] weights, "
                        "or a run directory in the place of the configuration",
                        o->path);
    if (status == ESP_OK) status = esp_weights_path(c->model.weights, file, err);
    if (status != ESP_OK) esp_config_free(c);
    return status;
  }
  const bool has_dense = esp__path_exists(o->path, ESP_FILE_DENSE);
  if (has_dense) ESP_TRY(esp__path_make(dense, o->path, ESP_FILE_DENSE, err));
  ESP_TRY(esp_weights_path(has_dense ? dense : o->path, file, err));
  return config_of_weights(o, file, c, seen, err);
}

static esp_status set(esp_config *c, const char *key, const char *value, esp_error *err) {
  return esp__config_set(c, key, value, "sensitivity", err);
}

/* Structures that choose by themselves give no layer a sparsity of its own. */
static esp_status check_structure(const char *name, esp_error *err) {
  if (!esp_structure_find(name)->choose) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune] structure = %s: a sparsity does not say what stays; expected another structure, "
      "such as prune.structure=weight",
      name);
}

/* One pruning of given shares, of a network as it is, is all that is wanted. */
static esp_status plain(esp_config *c, esp_error *err) {
  static const char *const keys[][2] = {{"prune.distribution", "per-layer"},
                                        {"prune.layers", "* 0.5"},
                                        {"prune.sparsity", "0.5"},
                                        {"prune.threshold", "0"},
                                        {"prune.schedule", "one-shot"},
                                        {"prune.rounds", "1"},
                                        {"prune.at", "rounds"},
                                        {"prune.regulariser", "none"},
                                        {"prune.early_bird", "0"},
                                        {"prune.distill", "0"},
                                        {"prune.shuffle", "no"},
                                        {"prune.retrain", "none"},
                                        {"train.average", "0"}};
  const esp_criterion *criterion = esp_criterion_find(c->prune.method);
  ESP_TRY(check_structure(c->prune.structure, err));
  if (!criterion) ESP_TRY(set(c, "prune.method", "magnitude", err));
  if (criterion && criterion->needs == ESP_NEEDS_MOVEMENT)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] method = %s is gathered while training, and weights do not hold it; "
                    "expected another criterion, such as prune.method=magnitude",
                    c->prune.method);
  if (esp_list_options_of(&c->prune)->sparsities.count == 0)
    ESP_TRY(set(c, "prune.sparsities", default_sparsities, err));
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    ESP_TRY(set(c, keys[i][0], keys[i][1], err));
  return ESP_OK;
}

/* Where no number is given: a tenth of the training images. */
static esp_status hold_out(esp_config *c, esp_error *err) {
  esp_dataset *images = NULL;
  if (c->data.validation > 0) return ESP_OK;
  ESP_TRY(esp__config_data(c, &images, err));
  c->data.validation = images->train.count / 10;
  if (c->data.validation == 0) c->data.validation = 1;
  esp_dataset_free(images);
  return ESP_OK;
}

static void warn(const esp_sensitivity_options *o, const esp_config *c) {
  if (o->out)
    fprintf(
        o->out,
        "the run held out no such images: of the %lld validation images the network was trained "
        "on some or all, and pruning costs more on new ones than this table says\n",
        (long long)c->data.validation);
}

/* ---- the table ---- */

typedef struct study {
  const esp_sensitivity_options *o;
  esp_run run;
  bool seen; /* the network was trained on validation images */
  esp__trial *trial;
  double *density;
  double dense; /* validation quality */
  double begun, shown;
  int done, all;
  esp__text csv;
} study;

static const esp_numbers *sparsities(const study *s) {
  return &esp_list_options_of(&s->run.config.prune)->sparsities;
}

static const esp_quality *quality_of(const study *s) {
  return esp_config_quality(&s->run.config);
}

static void print_head(const study *s) {
  if (!s->o->out) return;
  const esp_quality *q = quality_of(s);
  char dense[ESP_QUALITY_TEXT];
  fprintf(s->o->out, "%s, %s: validation %s%s%s, %lld images, nothing pruned: %s\n%-28s",
          s->run.config.prune.method, s->run.config.prune.structure, q->title, *q->unit ? " " : "",
          q->unit, (long long)s->run.set->validation.count,
          esp_quality_number(q, s->dense, false, dense), "layer at a sparsity of");
  for (int k = 0; k < sparsities(s)->count; k++)
    fprintf(s->o->out, " %6g", sparsities(s)->value[k]);
  fputc('\n', s->o->out);
}

static void show_time(study *s) {
  char left[32];
  const double now = esp__seconds();
  if (!s->o->out || now - s->shown < every_line || s->done == s->all) return;
  esp__format_time(left, (now - s->begun) / s->done * (s->all - s->done));
  fprintf(s->o->out, "  %s left\n", left);
  fflush(s->o->out);
  s->shown = now;
}

static const char *const columns[] = {
    "layer",  "units", "sparsity_requested", "sparsity", "validation_quality", "validation_loss",
    "change", NULL,
};

static void write_row(const study *s, const char *layer, const size_t units, double requested,
                      double sparsity, const esp_metrics *m) {
  fprintf(s->csv.out, "%s,%zu,%.6g,%.6g,%.6g,%.6g,%.6g\n", layer, units, requested, sparsity,
          esp_metrics_quality(m), esp_metrics_loss(m), esp_metrics_quality(m) - s->dense);
}

static esp_status look_at(study *s, int target, double sparsity, esp_metrics *m, esp_error *err) {
  esp_pruned count;
  const esp_layer *l = esp_pruner_pool(s->run.pruner, target, &count);
  s->density[target] = 1.0 - sparsity;
  ESP_TRY(esp__trial_begin(s->trial, 0.0, s->density, err));
  esp__trial_evaluate(&s->run, m);
  const double gone = (double)(count.units - esp__trial_kept(s->trial, target));
  esp__trial_end(s->trial);
  s->density[target] = 1.0;
  s->done++;
  write_row(s, l->name, count.units, sparsity, gone / (double)count.units, m);
  show_time(s);
  return ESP_OK;
}

static esp_status look_at_layer(study *s, int target, esp_error *err) {
  esp_pruned count;
  char line[ESP_QUALITY_TEXT * ESP_NUMBERS_MAX] = "", text[ESP_QUALITY_TEXT];
  for (int k = 0; k < sparsities(s)->count; k++) {
    esp_metrics m;
    ESP_TRY(look_at(s, target, sparsities(s)->value[k], &m, err));
    snprintf(line + strlen(line), sizeof line - strlen(line), " %6s",
             esp_quality_number(quality_of(s), esp_metrics_quality(&m), false, text));
  }
  if (!s->o->out) return ESP_OK;
  fprintf(s->o->out, "%-28s%s\n", esp_pruner_pool(s->run.pruner, target, &count)->name, line);
  fflush(s->o->out);
  return ESP_OK;
}

static esp_status look_at_all(study *s, esp_error *err) {
  const int targets = esp_pruner_pools(s->run.pruner);
  esp_metrics m;
  s->all = targets * sparsities(s)->count;
  esp_evaluate(s->run.model, s->run.evaluation, s->run.validation, &m, NULL);
  s->dense = esp_metrics_quality(&m);
  esp__print_quality_columns(s->csv.out, quality_of(s), columns);
  fputc('\n', s->csv.out);
  write_row(s, "none", esp_pruner_count(s->run.pruner).units, 0.0, 0.0, &m);
  print_head(s);
  s->begun = s->shown = esp__seconds();
  for (int i = 0; i < targets; i++) s->density[i] = 1.0;
  for (int i = 0; i < targets; i++) ESP_TRY(look_at_layer(s, i, err));
  return ESP_OK;
}

/* ---- all of it ---- */

/* What a configuration starts from may have names of its own; what a run wrote has not. */
static esp_status load_weights(study *s, const char *weights, esp_error *err) {
  esp_run *r = &s->run;
  const char *names = is_configuration(s->o->path) ? r->config.model.weight_names : NULL;
  return esp_weights_load_named(r->model, weights, names, err);
}

static esp_status open_study(study *s, const char *weights, esp_error *err) {
  esp_run *r = &s->run;
  esp_probe_images images;
  ESP_TRY(esp__run_open(r, s->o->path, err));
  ESP_TRY(load_weights(s, weights, err));
  if (!(s->density = calloc((size_t)esp_pruner_pools(r->pruner), sizeof *s->density)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the densities");
  const esp_probe probe = esp__run_probe(r, &images);
  return esp__trial_open(&s->trial, r->pruner, &probe, err);
}

/* Where the table goes: as asked for, into the run, or where a run of the configuration would
 * be. */
static esp_status choose_directory(const study *s, char dir[ESP_PATH_MAX], esp_error *err) {
  const esp_run_options *o = &s->run.config.run;
  const char *given = s->o->dir ? s->o->dir : is_directory(s->o->path) ? s->o->path : NULL;
  const char *const own[] = {ESP_FILE_CONFIG, ESP_FILE_SENSITIVITY, NULL};
  if (!given) ESP_TRY(esp__path_make(dir, o->output, o->name, err));
  if (given && snprintf(dir, ESP_PATH_MAX, "%s", given) >= ESP_PATH_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%.60s...: path too long", given);
  return esp__directory_check(dir, own, "a run", err);
}

static esp_status write_csv(study *s, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX];
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_SENSITIVITY, err));
  ESP_TRY(esp_directory_make(dir, err));
  ESP_TRY(esp__text_write(&s->csv, path, err));
  if (s->o->out) fprintf(s->o->out, "results in %s\n", ESP_SHOWN(path));
  return ESP_OK;
}

static esp_status study_weights(study *s, const char *weights, esp_error *err) {
  char dir[ESP_PATH_MAX];
  ESP_TRY(choose_directory(s, dir, err));
  ESP_TRY(esp__text_begin(&s->csv, "the table", err));
  esp_status status = hold_out(&s->run.config, err);
  if (status == ESP_OK && s->seen) warn(s->o, &s->run.config);
  if (status == ESP_OK) status = plain(&s->run.config, err);
  if (status == ESP_OK) status = open_study(s, weights, err);
  if (status == ESP_OK) status = look_at_all(s, err);
  if (status == ESP_OK) status = write_csv(s, dir, err);
  esp__text_drop(&s->csv);
  return status;
}

esp_status esp_sensitivity(const esp_sensitivity_options *o, esp_error *err) {
  char weights[4096];
  study s = {.o = o};
  ESP_TRY(read_subject(o, &s.run.config, weights, &s.seen, err));
  const esp_status status = study_weights(&s, weights, err);
  esp__trial_free(s.trial);
  free(s.density);
  esp__run_close(&s.run);
  return status;
}
