/* From a configuration to data, model, graph, loaders and pruner. */
#include "base/clock.h"
#include "experiment/run_state.h"
#include "experiment/stages.h"
#include "kernels/kernels.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

const char *esp_run_path(const esp_run *r, const char *name, char path[ESP_PATH_MAX]) {
  snprintf(path, ESP_PATH_MAX, "%s/%s", r->dir, name);
  return path;
}

/* Errors in the configuration that show only now begin with the file's name. */
static esp_status located(const char *source, esp_status status, esp_error *err) {
  if (status != ESP_ERR_INPUT || !err) return status;
  const esp_error cause = *err;
  return esp_fail(err, status, "%s: %s", source, cause.text);
}

/* The configuration again with mean and deviation filled in, so that a weights file needs no data to be used.
 */
static esp_status describe(esp_run *r, esp_error *err) {
  esp_numbers mean = r->config.data.mean, std = r->config.data.std;
  const esp_dataset *set = r->set;
  r->config.data.mean.count = r->config.data.std.count = set->shape.channels;
  for (int c = 0; c < set->shape.channels; c++) {
    r->config.data.mean.value[c] = (double)set->mean[c];
    r->config.data.std.value[c] = (double)set->std[c];
  }
  esp_status status = esp_config_text(&r->config, &r->config_text, err);
  r->config.data.mean = mean;
  r->config.data.std = std;
  for (int c = 0; status == ESP_OK && c < set->classes; c++) {
    status = esp_rows_append(&r->classes, set->class_name[c], err);
    if (status == ESP_OK) status = esp_rows_append(&r->classes, "\n", err);
  }
  return status;
}

/* Keys that change where and how a run computes, but not what. */
static bool decides(const char *line) {
  static const char *const neutral[] = {"name =",        "output =", "threads =", "checkpoint_minutes =",
                                        "save_rounds =", "path =",   "weights =", "sparse ="};
  for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
    if (strncmp(line, neutral[i], strlen(neutral[i])) == 0) return false;
  return true;
}

static void hash_recipe(esp_run *r) {
  esp_sha256 s;
  esp_sha256_start(&s);
  for (const char *line = r->config_text; *line;) {
    const size_t length = strcspn(line, "\n");
    if (decides(line)) esp_sha256_add(&s, line, length);
    line += length + (line[length] == '\n');
  }
  esp_sha256_end(&s, r->at.recipe);
}

static esp_status open_loaders(esp_run *r, esp_error *err) {
  const int batch = (int)r->config.train.batch;
  const esp_key seed = (esp_key)r->config.run.seed;
  const esp_loader_options plain = {.batch = batch};
  ESP_TRY(esp_loader_new(&r->training, r->set, &r->set->train,
                         esp_loader_options_training(&r->config.data, batch, seed), err));
  if (r->set->validation.count > 0)
    ESP_TRY(esp_loader_new(&r->validation, r->set, &r->set->validation, plain, err));
  return esp_loader_new(&r->test, r->set, &r->set->test, plain, err);
}

/* What shows only when it is known how the method prunes. */
static esp_status check_distill(const esp_run *r, esp_error *err) {
  if (r->config.prune.distill <= 0.0 || !esp_pruner_in_training(r->pruner)) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune] distill = %g: the dense network teaches the retraining; expected a method and a schedule "
      "that prune after the training, not '%s' with '%s'",
      r->config.prune.distill, r->config.prune.method, r->config.prune.schedule);
}

static esp_status open_model(esp_run *r, const char *source, esp_error *err) {
  const esp_config *c = &r->config;
  const esp_loss_attr loss = {
      strcmp(c->train.loss, "mse") == 0 ? ESP_LOSS_MEAN_SQUARED : ESP_LOSS_CROSS_ENTROPY,
      (float)c->train.label_smoothing};
  ESP_TRY(located(
      source, esp_model_new(&r->model, &c->model, r->set->shape, r->set->classes, (esp_key)c->run.seed, err),
      err));
  if (c->train.average > 0.0) ESP_TRY(esp_params_average(&r->model->params, err));
  ESP_TRY(located(source, esp_model_graph(r->model, (int)c->train.batch, true, loss, &r->graph, err), err));
  esp_graph_sparse(r->graph, strcmp(c->train.sparse, "on") == 0    ? ESP_SPARSE_ON
                             : strcmp(c->train.sparse, "off") == 0 ? ESP_SPARSE_OFF
                                                                   : ESP_SPARSE_AUTO);
  if (!esp_prunes(c)) return ESP_OK;
  ESP_TRY(located(source, esp_pruner_new(&r->pruner, &c->prune, r->model, (esp_key)c->run.seed, err), err));
  return located(source, check_distill(r, err), err);
}

esp_status esp_run_open(esp_run *r, const char *source, esp_error *err) {
  esp_config *c = &r->config;
  esp_shape wanted = {0};
  ESP_TRY(esp_kernels_check(err));
  ESP_TRY(located(source, esp_config_check(c, err), err));
  if (c->model.input[0]) ESP_TRY(located(source, esp_shape_parse(c->model.input, &wanted, err), err));
  if (c->run.threads > 0) omp_set_num_threads((int)c->run.threads);
  r->threads = omp_get_max_threads();
  ESP_TRY(located(source, esp_dataset_load(&r->set, &c->data, wanted, (esp_key)c->run.seed, err), err));
  ESP_TRY(describe(r, err));
  hash_recipe(r);
  ESP_TRY(open_model(r, source, err));
  ESP_TRY(located(source, open_loaders(r, err), err));
  esp_progress_start(&r->progress, r->control.progress);
  r->saved = esp_seconds();
  return ESP_OK;
}

esp_status esp_run_try_weights(esp_run *r, const char *source, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (!r->config.model.weights[0]) return ESP_OK;
  esp_status status = esp_weights_path(r->config.model.weights, path, err);
  if (status == ESP_OK) status = esp_weights_load(r->model, path, err);
  esp_model_initialise(r->model, (esp_key)r->config.run.seed);
  return located(source, status, err);
}

void esp_run_close(esp_run *r) {
  esp_graph_free(r->teacher_graph);
  esp_model_free(r->teacher);
  esp_loader_free(r->training);
  esp_loader_free(r->validation);
  esp_loader_free(r->test);
  esp_pruner_free(r->pruner);
  esp_graph_free(r->graph);
  esp_model_free(r->model);
  esp_dataset_free(r->set);
  esp_position_free(&r->at);
  esp_config_free(&r->config);
  free(r->config_text);
  free(r->classes);
}
