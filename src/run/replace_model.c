#include "run/replace_model.h"

#include "config/stages.h"
#include "run/open.h"

#include <stdlib.h>
#include <string.h>

/* One network takes the place of another. */
typedef struct change {
  const esp_model *from, *to;
  const int *source; /* of each layer of `to` its layer of `from`, -1: none; NULL: by name */
} change;

/* The parameter of a layer that is what `p` is of another. */
static const esp_param *counterpart(const esp_layer *of, const esp_layer *to, const esp_param *p) {
  return p == of->weight ? to->weight : to->bias;
}

/* A parameter of the old network whose mask could be that of `p` of the new one. */
static const esp_param *candidate(const change *c, const esp_param *p) {
  for (int i = 0; c->source && i < c->to->layers; i++) {
    const esp_layer *now = &c->to->layer[i];
    if (p != now->weight && p != now->bias) continue;
    return c->source[i] < 0 ? NULL : counterpart(now, &c->from->layer[c->source[i]], p);
  }
  const esp_param *old = esp_params_find(&c->from->params, p->name);
  for (int i = 0; !old && i < c->to->layers && i < c->from->layers; i++)
    if (c->to->layer[i].bias == p) old = c->from->layer[i].shift;
  return old;
}

static esp_status copy_masks(esp_pruner *pruner, const change *c, uint64_t changes,
                             esp_error *err) {
  for (int i = 0; i < c->to->params.count; i++) {
    esp_param *p = c->to->params.item[i];
    const esp_param *old = p->mask ? candidate(c, p) : NULL;
    if (old && old->mask && old->count == p->count)
      ESP_TRY(esp_pruner_restore(pruner, p, old->mask->keep, err));
  }
  esp_pruner_restore_changes(pruner, changes);
  esp_pruner_finish(pruner);
  return ESP_OK;
}

/* The options of a pruner that chooses nothing any more, so by what it would does not matter: a
 * criterion that any network has. Where the layers are others, patterns may match none of them. */
static void finish_options(esp_run *r, const change *c) {
  static char magnitude[] = "magnitude", global[] = "global", none[] = "none", nothing[] = "",
              weight[] = "weight";
  esp_prune_options *o = &r->finished_prune;
  if (!o->method) *o = r->config.prune;
  o->method = magnitude;
  o->distribution = global;
  o->regulariser = none;
  o->mask_from = nothing;
  o->early_bird = 0;
  if (c->from->layers == c->to->layers) return;
  o->skip = nothing;
  if (strcmp(o->structure, "hybrid") == 0) o->structure = weight;
}

static esp_status replace_pruner(esp_run *r, const change *c, esp_error *err) {
  if (!r->pruner) return ESP_OK;
  const uint64_t changes = esp_pruner_changes(r->pruner);
  esp_pruner *old = r->pruner;
  r->pruner = NULL;
  finish_options(r, c);
  esp_status status =
      esp_pruner_new(&r->pruner, &r->finished_prune, r->model, (esp_key)r->config.run.seed, err);
  if (status == ESP_OK) status = copy_masks(r->pruner, c, changes, err);
  esp_pruner_free(old);
  return status;
}

esp_status esp__run_replace_model(esp_run *r, esp_model *model, const int *from, esp_model **before,
                                  esp_error *err) {
  esp_graph_free(r->graph);
  esp_graph_free(r->evaluation);
  esp_graph_free(r->probing);
  r->graph = r->evaluation = r->probing = NULL;
  *before = r->model;
  r->model = model;
  ESP_TRY(esp_optimiser_open(&model->params, &r->config.train, err));
  const change c = {*before, model, from};
  ESP_TRY(replace_pruner(r, &c, err));
  return esp__run_open_graphs(r, err);
}
