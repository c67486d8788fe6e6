#include "run/open.h"

#include "base/clock.h"
#include "base/path.h"
#include "config/check.h"
#include "config/fingerprint.h"
#include "config/locate.h"
#include "config/plugins.h"
#include "config/stages.h"
#include "kernels/kernels.h"
#include "nn/graph.h"
#include "prune/pruner.h"
#include "run/checks.h"
#include "run/sharing.h"
#include "run/start.h"

#include <espalier/pack.h>

#include <omp.h>
#include <stdlib.h>
#include <string.h>

static void fill_numbers(esp_data_options *d, const esp_dataset *set) {
  const int channels = set->element == ESP_TOKENS ? 0 : set->shape.channels;
  const esp_target_scale *s = &set->targets;
  d->mean.count = d->std.count = channels;
  for (int c = 0; c < channels; c++) {
    d->mean.value[c] = (double)set->mean[c];
    d->std.value[c] = (double)set->std[c];
  }
  d->target_mean.count = d->target_std.count = s->count;
  for (int t = 0; t < s->count; t++) {
    d->target_mean.value[t] = s->mean[t];
    d->target_std.value[t] = s->std[t];
  }
}

/* The names of a table's columns, a line each; where it is none, what the options say. */
static esp_status columns_text(const esp_run *r, char **text, esp_error *err) {
  const esp_dataset *set = r->set;
  const char *given = r->config.data.table.inputs;
  *text = NULL;
  if (!set->column_name) return esp__rows_append(text, given ? given : "", err);
  for (int c = 0; c < set->shape.channels; c++) {
    if (c > 0) ESP_TRY(esp__rows_append(text, "\n", err));
    ESP_TRY(esp__rows_append(text, set->column_name[c], err));
  }
  return ESP_OK;
}

static esp_status write_texts(esp_run *r, esp_error *err) {
  ESP_TRY(esp_config_text(&r->config, &r->config_text, err));
  ESP_TRY(esp_config_brief_text(&r->config, &r->brief_text, err));
  return esp__config_fingerprint(&r->config, ESP_FINGERPRINT_ALL, r->at.fingerprint, err);
}

/* The configuration again with what the data say filled in, mean, deviation and columns, so that a
 * weights file needs no data to be used. */
static esp_status describe(esp_run *r, esp_error *err) {
  esp_data_options *d = &r->config.data;
  const esp_data_options given = *d;
  const esp_dataset *set = r->set;
  esp_status status = columns_text(r, &d->table.inputs, err);
  fill_numbers(d, set);
  if (status == ESP_OK) status = write_texts(r, err);
  free(d->table.inputs);
  *d = given;
  if (status == ESP_OK && set->vocabulary)
    status = esp_vocabulary_text(set->vocabulary, &r->vocabulary, err);
  for (int c = 0; status == ESP_OK && c < set->classes; c++) {
    status = esp__rows_append(&r->classes, set->class_name[c], err);
    if (status == ESP_OK) status = esp__rows_append(&r->classes, "\n", err);
  }
  return status;
}

static esp_status open_loaders(esp_run *r, esp_error *err) {
  const int batch = (int)r->config.train.batch;
  const esp_key seed = (esp_key)r->config.run.seed;
  const esp_loader_options plain = esp__run_share_of(r, (esp_loader_options){.batch = batch}),
                           whole = esp_loader_options_training(&r->config.data, batch, seed);
  ESP_TRY(esp_loader_new(&r->training, r->set, &r->set->train, esp__run_share_of(r, whole), err));
  if (r->probing) ESP_TRY(esp_loader_new(&r->probing_images, r->set, &r->set->train, whole, err));
  if (r->set->validation.count > 0)
    ESP_TRY(esp_loader_new(&r->validation, r->set, &r->set->validation, plain, err));
  return esp_loader_new(&r->test, r->set, &r->set->test, plain, err);
}

/* A graph of the run's model, with the loss and the kernels that [train] asks for. */
static esp_status open_graph(esp_run *r, const esp__split *split, bool gradients, esp_graph **graph,
                             esp_error *err) {
  const esp_train_options *o = &r->config.train;
  ESP_TRY(
      esp__model_graph(r->model, split, (int)o->batch, gradients, esp_train_loss(o), graph, err));
  esp_graph_sparse(*graph, strcmp(o->sparse, "on") == 0    ? ESP_SPARSE_ON
                           : strcmp(o->sparse, "off") == 0 ? ESP_SPARSE_OFF
                                                           : ESP_SPARSE_AUTO);
  return ESP_OK;
}

esp_status esp__run_open_graphs(esp_run *r, esp_error *err) {
  const esp__split split = esp__run_split(r);
  ESP_TRY(open_graph(r, &split, true, &r->graph, err));
  ESP_TRY(open_graph(r, &split, false, &r->evaluation, err));
  if (!esp__split_is_shared(&split) || !r->pruner || !esp__pruner_sees_images(r->pruner))
    return ESP_OK;
  const esp__split alone = esp__split_of(NULL, split.blocks * ESP_LANES, split.parts);
  return open_graph(r, &alone, true, &r->probing, err);
}

/* The tokens that the weights were trained with: a network that is trained on knows no others. */
static esp_status weights_vocabulary(const char *weights, esp_vocabulary **v, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp_bundle b = {0};
  ESP_TRY(esp_weights_path(weights, path, err));
  ESP_TRY(esp_weights_bundle_load(&b, path, err));
  const char *text = esp_bundle_text(&b, "espalier.vocabulary");
  const esp_status status = text ? esp_vocabulary_read(v, text, path, err) : ESP_OK;
  esp_bundle_free(&b);
  return status;
}

esp_status esp__config_data(const esp_config *c, esp_dataset **set, esp_error *err) {
  esp_shape wanted = {0};
  esp_vocabulary *v = NULL;
  if (c->model.input[0]) ESP_TRY(esp_shape_parse(c->model.input, &wanted, err));
  if (c->model.weights[0] && strcmp(c->data.dataset, "text") == 0)
    ESP_TRY(weights_vocabulary(c->model.weights, &v, err));
  const esp_status status =
      esp_dataset_load_known(set, &c->data, wanted, v, (esp_key)c->run.seed, err);
  esp_vocabulary_free(v);
  return status;
}

static esp_status open_model(esp_run *r, const char *source, esp_error *err) {
  const esp_config *c = &r->config;
  ESP_TRY(esp__config_located(source,
                              esp_model_new_tasks(&r->model, &c->model, r->set->shape,
                                                  &r->set->tasks, (esp_key)c->run.seed, err),
                              err));
  ESP_TRY(esp_optimiser_open(&r->model->params, &c->train, err));
  /* The pruner first: it tries its distribution in memory that it gives back, which the graphs then
   * take. */
  if (esp__prunes(c))
    ESP_TRY(esp__config_located(
        source, esp_pruner_new(&r->pruner, &c->prune, r->model, (esp_key)c->run.seed, err), err));
  return esp__config_located(source, esp__run_open_graphs(r, err), err);
}

esp_status esp__run_open(esp_run *r, const char *source, esp_error *err) {
  esp_config *c = &r->config;
  ESP_TRY(esp__config_located(source, esp__plugins_rows(c, &r->at.plugins, err), err));
  ESP_TRY(esp__kernels_check(err));
  ESP_TRY(esp__config_located(source, esp__config_check(c, err), err));
  ESP_TRY(esp__config_located(source, esp__run_check_ranks(r, err), err));
  esp__ranks_set_patience(r->control.ranks, c->run.patience);
  if (c->run.threads > 0) omp_set_num_threads((int)c->run.threads);
  r->threads = omp_get_max_threads();
  if (!r->set) ESP_TRY(esp__config_located(source, esp__config_data(c, &r->set, err), err));
  ESP_TRY(describe(r, err));
  ESP_TRY(esp_dataset_digest(r->set, &r->at.data, err));
  ESP_TRY(open_model(r, source, err));
  ESP_TRY(esp__config_located(source, open_loaders(r, err), err));
  if (r->pruner) esp_pruner_set_epoch(r->pruner, esp_loader_batches(r->training));
  ESP_TRY(esp__config_located(source, esp__run_check(r, err), err));
  esp__progress_start(&r->progress, r->control.progress);
  r->saved = esp__seconds();
  return ESP_OK;
}

static esp_status try_start(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  const esp_config *c = &r->config;
  if (c->model.weights[0]) {
    ESP_TRY(esp_weights_path(c->model.weights, path, err));
    ESP_TRY(esp__run_check_classes(r, path, err));
    ESP_TRY(esp__run_load_weights(r, path, err));
    ESP_TRY(esp__run_check_zeros(r, path, err));
  }
  if (c->prune.mask_from[0]) {
    ESP_TRY(esp_masks_path(c->prune.mask_from, path, err));
    ESP_TRY(esp_masks_try(r->pruner, r->model, path, err));
  }
  if (!r->pruner) return ESP_OK;
  return esp_pruner_prepare(r->pruner, r->probing ? r->probing : r->graph, err);
}

esp_status esp__run_try_start(esp_run *r, const char *source, esp_error *err) {
  const esp_status status = try_start(r, err);
  if (r->config.model.weights[0] || r->config.prune.mask_from[0])
    esp_model_initialise(r->model, (esp_key)r->config.run.seed);
  return esp__config_located(source, status, err);
}

void esp__run_close(esp_run *r) {
  esp__progress_end(&r->progress);
  esp__lock_drop(&r->lock);
  esp_graph_free(r->teacher_graph);
  esp_model_free(r->teacher);
  esp_loader_free(r->training);
  esp_loader_free(r->validation);
  esp_loader_free(r->test);
  esp_loader_free(r->probing_images);
  esp_pruner_free(r->pruner);
  esp_graph_free(r->graph);
  esp_graph_free(r->evaluation);
  esp_graph_free(r->probing);
  esp_model_free(r->model);
  esp_dataset_free(r->set);
  esp__position_free(&r->at);
  esp_config_free(&r->config);
  free(r->config_text);
  free(r->brief_text);
  free(r->classes);
  free(r->vocabulary);
}

/* Which part of two data sets differs; NULL: none, or it is not known of one of them. */
static const char *difference(const esp_dataset_digests *a, const esp_dataset_digests *b) {
  if (!a->classes[0] || !b->classes[0]) return NULL;
  return strcmp(a->classes, b->classes) != 0 ? "class names"
         : strcmp(a->labels, b->labels) != 0 ? "labels"
         : strcmp(a->images, b->images) != 0 ? "images"
                                             : NULL;
}

esp_status esp__run_check_data(const esp_run *r, const esp_dataset_digests *began,
                               const esp_dataset_digests *now, const char *run, esp_error *err) {
  const char *what = difference(began, now);
  if (!what) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "the %s of the data (data.dataset = %s, data.path = %s) are not those that %s "
                  "began with; expected the same data",
                  what, r->config.data.dataset, r->config.data.path, run);
}

bool esp__only_statistics_differ(const char *differences) {
  static const char *const statistics[] = {"[data] mean ", "[data] std ", "[data] target_mean ",
                                           "[data] target_std ", "[data] inputs "};
  enum { STATISTICS = sizeof statistics / sizeof *statistics };
  for (const char *key = differences; (key = strchr(key, '[')); key++) {
    int i = 0;
    while (i < STATISTICS && strncmp(key, statistics[i], strlen(statistics[i])) != 0) i++;
    if (i == STATISTICS) return false;
  }
  return true;
}
