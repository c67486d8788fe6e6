#include "run/replace_model.h"

#include "config/stages.h"
#include "run/open.h"
#include "tensor/param.h"

#include <stdlib.h>
#include <string.h>

/* The parameter of the old network whose mask is that of `p`, a parameter of the new one. */
static const esp_param *source_of(const esp_model *from, const esp_model *to, const esp_param *p) {
  const esp_param *old = esp_params_find(&from->params, p->name);
  for (int i = 0; !old && i < to->layers && i < from->layers; i++)
    if (to->layer[i].bias == p) old = from->layer[i].shift;
  return old && old->mask && old->count == p->count ? old : NULL;
}

static esp_status copy_masks(esp_pruner *pruner, const esp_model *from, const esp_model *to,
                             uint64_t changes, esp_error *err) {
  for (int i = 0; i < to->params.count; i++) {
    esp_param *p = to->params.item[i];
    const esp_param *old = p->mask ? source_of(from, to, p) : NULL;
    if (old) ESP_TRY(esp_pruner_restore(pruner, p, old->mask->keep, err));
  }
  esp_pruner_restore_changes(pruner, changes);
  esp_pruner_finish(pruner);
  return ESP_OK;
}

/* It chooses nothing any more, so by what it would does not matter: a criterion that any network
 * has. */
static esp_status replace_pruner(esp_run *r, const esp_model *before, esp_error *err) {
  static char magnitude[] = "magnitude", global[] = "global", none[] = "none", nothing[] = "";
  if (!r->pruner) return ESP_OK;
  const uint64_t changes = esp_pruner_changes(r->pruner);
  esp_pruner *old = r->pruner;
  r->pruner = NULL;
  r->finished_prune = r->config.prune;
  r->finished_prune.method = magnitude;
  r->finished_prune.distribution = global;
  r->finished_prune.regulariser = none;
  r->finished_prune.mask_from = nothing;
  r->finished_prune.early_bird = 0;
  esp_status status =
      esp_pruner_new(&r->pruner, &r->finished_prune, r->model, (esp_key)r->config.run.seed, err);
  if (status == ESP_OK) status = copy_masks(r->pruner, before, r->model, changes, err);
  esp_pruner_free(old);
  return status;
}

esp_status esp__run_replace_model(esp_run *r, const char *text, esp_model **before,
                                  esp_error *err) {
  esp_model *model;
  ESP_TRY(esp_model_like(r->model, text, (esp_key)r->config.run.seed, &model, err));
  esp_graph_free(r->graph);
  esp_graph_free(r->evaluation);
  r->graph = r->evaluation = NULL;
  *before = r->model;
  r->model = model;
  esp__params_copy_same(&(*before)->params, &model->params);
  if (r->config.train.average > 0.0) ESP_TRY(esp_params_average(&model->params, err));
  ESP_TRY(replace_pruner(r, *before, err));
  return esp__run_open_graphs(r, err);
}
