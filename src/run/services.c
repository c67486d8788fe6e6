#include "run/services.h"

#include "base/clock.h"
#include "base/memory.h"
#include "config/stages.h"
#include "kernels/kernels.h"
#include "nn/graph.h"
#include "run/sharing.h"
#include "rundir/counts.h"
#include "rundir/tables.h"
#include "train/weights_file.h"

#include <math.h>
#include <stdlib.h>

const char *esp__run_path(const esp_run *r, const char *name, char path[ESP_PATH_MAX]) {
  esp__path_join(path, r->dir, name);
  return path;
}

/* Orders of the images are further apart than any run has epochs and stages. */
enum { EPOCHS_MAX = 1 << 20, SALIENCY_EPOCH = EPOCHS_MAX - 1, ORDER_SHIFT = 40 };

uint64_t esp__run_epoch_number(const esp_run *r, int64_t epoch) {
  const esp_run_options *o = &r->config.run;
  const uint64_t number = (uint64_t)r->at.stage * EPOCHS_MAX + (uint64_t)epoch;
  const bool other = o->order > 0 && (r->at.stage > 0 || esp__run_step(r) >= o->order_step);
  return other ? number + ((uint64_t)o->order << ORDER_SHIFT) : number;
}

int64_t esp__run_step(const esp_run *r) {
  return r->at.epoch * esp_loader_batches(r->training) + r->at.batch;
}

esp_prune_window esp__run_prune_window(const esp_run *r) {
  const esp_prune_options *o = &r->config.prune;
  const int64_t batches = esp_loader_batches(r->training), steps = r->config.train.epochs * batches;
  if (!r->pruner || !esp_pruner_in_training(r->pruner) || r->at.stage > 0)
    return (esp_prune_window){0, -1};
  int64_t first = (int64_t)(o->begin_epoch * (double)batches);
  int64_t last = (int64_t)(esp__prune_end_epoch(&r->config) * (double)batches);
  if (last > steps - 1) last = steps - 1;
  return (esp_prune_window){first < last ? first : last, last};
}

void esp__run_count_moved(esp_run *r) {
  const int64_t moved = esp_pruner_take_moved(r->pruner);
  r->at.now.mask_changes += moved > 0;
  r->at.now.weights_moved += moved;
}

esp_trainer esp__run_trainer(esp_run *r) {
  return (esp_trainer){r->model,        r->graph,         r->training,
                       r->pruner,       &r->config.train, (esp_key)r->config.run.seed,
                       r->teacher_graph};
}

uint64_t esp__run_probe_epoch(const esp_run *r) {
  return (uint64_t)r->at.stage * EPOCHS_MAX + SALIENCY_EPOCH;
}

esp_probe esp__run_probe(esp_run *r, esp_probe_images *images) {
  const int64_t batches = r->config.prune.saliency_batches;
  esp_trainer t = esp__run_trainer(r);
  if (!r->probing) return esp_train_probe(&t, images, esp__run_probe_epoch(r), batches);
  t.graph = r->probing;
  t.loader = r->probing_images;
  return esp_train_probe_in_turns(&t, images, esp__run_probe_epoch(r), batches, r->control.ranks);
}

double esp__run_sparsity(const esp_run *r) {
  if (!r->pruner) return 0.0;
  const esp_pruned c = esp_pruner_count(r->pruner);
  return (double)c.pruned / (double)c.units;
}

/* ---- checks ---- */

esp_status esp__run_check_weights(const esp_run *r, esp_error *err) {
  const esp_param *bad = esp_params_infinite(&r->model->params);
  if (!bad) return ESP_OK;
  return esp_fail(err, ESP_ERR_DIVERGED,
                  "'%s' has numbers that are no longer finite; try a smaller learning rate",
                  bad->name);
}

/* The newest step can have spoilt the weights without having seen it: its loss is that of the step
 * before. */
static esp_status check_finite(const esp_metrics *m, const char *images, esp_error *err) {
  if (isfinite(m->loss_sum)) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_DIVERGED,
      "the loss is no longer a finite number on the %s images; try a smaller learning rate",
      images);
}

esp_status esp__run_evaluate(esp_run *r, esp_metrics *validation, esp_metrics *test,
                             int64_t *confusion, esp_error *err) {
  if (r->validation) {
    esp_evaluate(r->model, r->evaluation, r->validation, validation, NULL);
    ESP_TRY(check_finite(validation, "validation", err));
  }
  if (!test) return ESP_OK;
  esp_evaluate(r->model, r->evaluation, r->test, test, confusion);
  return check_finite(test, "test", err);
}

esp_status esp__run_evaluate_before(esp_run *r, esp_error *err) {
  return esp__run_evaluate(r, &r->at.now.validation_before, &r->at.now.test_before, NULL, err);
}

esp_status esp__run_count(const esp_run *r, esp__result *result, esp_error *err) {
  size_t bytes;
  ESP_TRY(esp_weights_packed_bytes(
      r->model, (esp_provenance){r->brief_text, r->classes, r->vocabulary}, &bytes, err));
  result->packed_bytes = (double)bytes;
  esp__result_count(result, r->model, r->graph, r->pruner);
  return ESP_OK;
}

esp_status esp__run_open_dense(const esp_run *r, esp_model **model, esp_graph **graph,
                               esp_error *err) {
  const esp_config *c = &r->config;
  const esp_loss_attr plain = {ESP_LOSS_CROSS_ENTROPY, 0.0f};
  char path[ESP_PATH_MAX];
  ESP_TRY(esp_model_new_tasks(model, &c->model, r->set->shape, &r->set->tasks, (esp_key)c->run.seed,
                              err));
  esp__run_meet(r);
  ESP_TRY(esp_weights_load(*model, esp__run_path(r, ESP_FILE_DENSE, path), err));
  const esp__split split = esp__run_split(r);
  return esp__model_graph(*model, &split, (int)c->train.batch, false, plain, graph, err);
}

/* ---- saving ---- */

esp_provenance esp__run_provenance(const esp_run *r) {
  return (esp_provenance){r->config_text, r->classes, r->vocabulary};
}

esp_status esp__run_save_weights(const esp_run *r, const char *name, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (!esp__run_writes(r)) return ESP_OK;
  return esp__weights_write(r->model, esp__run_provenance(r), esp__run_path(r, name, path), err);
}

esp_status esp__run_save_as(esp_run *r, const char *name, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  ESP_TRY(esp__run_check_weights(
      r, err)); /* the newest checkpoint stays one that can be gone on from */
  if (!esp__run_writes(r)) return ESP_OK;
  r->at.peak_rss_mib = fmax(r->at.peak_rss_mib, esp__peak_rss_mib());
  ESP_TRY(esp__position_text(&r->at, &position, err));
  esp_status status = esp_checkpoint_save(r->model, r->pruner, esp__run_provenance(r), position,
                                          esp__run_path(r, name, path), err);
  free(position);
  return status;
}

esp_status esp__run_save(esp_run *r, esp_error *err) {
  const esp_status status = esp__run_save_as(r, ESP_FILE_CHECKPOINT, err);
  r->saved = esp__seconds();
  return status;
}

bool esp__run_asked_to_stop(const esp_run *r) {
  return esp__run_any_says(r, r->control.stop && *r->control.stop);
}

esp_status esp__run_save_in_time(esp_run *r, esp_error *err) {
  if (esp__run_asked_to_stop(r)) {
    ESP_TRY(esp__run_save(r, err));
    return esp_fail(err, ESP_ERR_INTERRUPTED, "stopped; go on with: espalier resume %s", r->dir);
  }
  if (esp__seconds() - r->saved < 60.0 * r->config.run.checkpoint_minutes) return ESP_OK;
  return esp__run_save(r, err);
}

esp_status esp__run_report(esp_run *r, const char *sha256, esp_error *err) {
  const esp__report report = {&r->config,
                              &r->at,
                              r->dir,
                              esp__kernels_active()->isa,
                              r->threads,
                              !esp__prunes_in_training(&r->config),
                              r->classes,
                              sha256,
                              esp__parts_of(r->set)};
  if (!esp__run_writes(r)) return ESP_OK;
  ESP_TRY(esp__tables_write(&report, err));
  if (sha256 && r->control.progress) esp__result_print(&report, r->control.progress);
  return ESP_OK;
}
