/* The pruner: owner of all masks, and the one function that writes them. */
#include "prune/workspace.h"

#include <stdlib.h>
#include <string.h>

/* The state of one weight changes: pruned or regrown, it starts from zero. */
static void reset_weight(esp_param *w, size_t i) {
  if (w->shadow) return; /* the shadow and its momentum go on; value is set below */
  w->value[i] = 0.0f;
  esp_param_forget(w, i);
  if (w->average) w->average[i] = 0.0f;
}

/* keep[count] becomes the mask. Weights that this moves are counted. */
static void commit_param(esp_pruner *p, esp_param *w, const uint8_t *keep) {
  int index = 0;
  while (p->model->params.item[index] != w) index++;
  esp_mask *m = &p->masks[index];
  for (size_t i = 0; i < w->count; i++) {
    const uint8_t now = keep[i];
    if (now != m->keep[i]) {
      reset_weight(w, i);
      m->kept = now ? m->kept + 1 : m->kept - 1;
      m->keep[i] = now;
      p->moved += esp_param_prunable(w);
    }
    if (w->shadow) w->value[i] = now ? w->shadow[i] : 0.0f;
  }
  m->generation++;
}

/* Takes out of `next` what the slice's units lose. */
static void take_out(const esp_slice *s, const uint8_t *keep, uint8_t *next) {
  for (size_t i = 0; i < s->param->count; i++) {
    const uint32_t unit = esp_slice_unit(s, i);
    if (unit != ESP_NO_UNIT && !keep[unit]) next[i] = 0;
  }
}

void esp_pruner_commit(esp_pruner *p) {
  for (int n = 0; n < p->model->params.count; n++) {
    esp_param *w = p->model->params.item[n];
    if (!w->mask) continue;
    memset(p->next_mask, 1, w->count);
    for (int i = 0; i < p->pools; i++)
      for (int k = 0; k < p->pool[i].slices; k++)
        if (p->pool[i].slice[k].param == w)
          take_out(&p->pool[i].slice[k], p->keep + p->pool[i].first, p->next_mask);
    commit_param(p, w, p->next_mask);
  }
}

static void find_alive_of(const esp_ranking_pool *pool, uint8_t *alive) {
  for (int k = 0; k < pool->slices; k++)
    for (size_t w = 0; pool->slice[k].scored && w < pool->slice[k].param->count; w++) {
      const uint32_t unit = esp_slice_unit(&pool->slice[k], w);
      if (unit != ESP_NO_UNIT) alive[pool->first + unit] |= pool->slice[k].param->mask->keep[w];
    }
}

/* alive[units]: which units have scored weights. */
static void find_alive(const esp_pruner *p, uint8_t *alive) {
  memset(alive, 0, p->units);
  for (int i = 0; i < p->pools; i++) find_alive_of(&p->pool[i], alive);
}

void esp__pruner_zero(esp_pruner *p) {
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_slice *s = p->scored[i].slice;
    for (size_t k = 0; k < s->param->count; k++) {
      const uint32_t unit = esp_slice_unit(s, k);
      if (unit != ESP_NO_UNIT && !p->keep[p->scored[i].pool->first + unit])
        s->param->value[k] = 0.0f;
    }
  }
}

void esp_pruner_load_masks(esp_pruner *p) {
  find_alive(p, p->keep);
}

esp_status esp_pruner_unify(esp_pruner *p, esp_error *err) {
  ESP_TRY(esp__workspace_open(p, err));
  esp_pruner_load_masks(p);
  esp_pruner_commit(p);
  esp__workspace_close(p);
  return ESP_OK;
}

esp_status esp_pruner_restore(esp_pruner *p, esp_param *w, const uint8_t *keep, esp_error *err) {
  if (!w->mask)
    return esp_fail(err, ESP_ERR_INPUT, "a mask for '%s', which is not pruned here", w->name);
  for (size_t i = 0; i < w->count; i++)
    if (keep[i] > 1)
      return esp_fail(err, ESP_ERR_INPUT, "mask of '%s': value %d at %zu; expected 0 or 1", w->name,
                      keep[i], i);
  commit_param(p, w, keep);
  return ESP_OK;
}

void esp_pruner_apply(esp_pruner *p) {
  for (int k = 0; k < p->model->params.count; k++) {
    esp_param *w = p->model->params.item[k];
    if (!w->mask) continue;
    for (size_t i = 0; i < w->count; i++)
      if (!w->mask->keep[i]) {
        w->value[i] = 0.0f;
        if (!w->shadow) esp_param_forget(w, i);
        if (w->average) w->average[i] = 0.0f;
      }
  }
}

/* The momentum of a reparametrised parameter is that of what it was made from. */
void esp_pruner_finish(esp_pruner *p) {
  bool shadows = false;
  for (int i = 0; i < p->model->params.count; i++) {
    esp_param *w = p->model->params.item[i];
    shadows |= w->shadow != NULL;
    if (w->reparametrised) esp_param_forget_all(w);
    free(w->shadow);
    w->shadow = NULL;
  }
  p->finished = true;
  esp__hooks_materialise(p);
  if (shadows && p->masks) esp_pruner_apply(p);
}
bool esp_pruner_finished(const esp_pruner *p) {
  return p->finished;
}

/* ---- asking ---- */

const esp_prune_options *esp_pruner_options(const esp_pruner *p) {
  return p->opt;
}
esp_model *esp_pruner_model(const esp_pruner *p) {
  return p->model;
}
esp_key esp_pruner_change_key(const esp_pruner *p) {
  return esp_key_of(p->key, p->changes);
}
const esp_ranking_pool *esp_pruner_ranking_pools(const esp_pruner *p, int *count) {
  *count = p->pools;
  return p->pool;
}
const esp_scored_slice *esp_pruner_scored_slices(const esp_pruner *p, int *count) {
  *count = p->scored_slices;
  return p->scored;
}
size_t esp_pruner_units(const esp_pruner *p) {
  return p->units;
}
float *esp_pruner_scores(const esp_pruner *p) {
  return p->score;
}
uint8_t *esp_pruner_keep(const esp_pruner *p) {
  return p->keep;
}

bool esp_pruner_external_masks(const esp_pruner *p) {
  return p->opt->mask_from[0] != '\0';
}
bool esp_pruner_in_training(const esp_pruner *p) {
  return p->when == ESP_PRUNE_TRAINING;
}
bool esp_pruner_at_init(const esp_pruner *p) {
  return p->when == ESP_PRUNE_INIT;
}
uint64_t esp_pruner_changes(const esp_pruner *p) {
  return p->changes;
}
void esp_pruner_restore_changes(esp_pruner *p, uint64_t changes) {
  p->changes = changes;
  p->moved = 0;
  esp__hooks_materialise(p);
}

int64_t esp_pruner_take_moved(esp_pruner *p) {
  const int64_t moved = p->moved;
  p->moved = 0;
  return moved;
}

int esp_pruner_floored(const esp_pruner *p) {
  return p->floored;
}

bool esp_pruner_by_threshold(const esp_pruner *p) {
  return p->distribution->limit != NULL && !esp_pruner_external_masks(p);
}

esp_prune_forecast esp_pruner_forecast(const esp_pruner *p) {
  return p->forecast;
}

bool esp_pruner_left_dense(const esp_pruner *p, int layer) {
  return p->left_dense[layer];
}

/* Where units are weights the masks have counted them. */
static size_t count_pruned(const esp_pruner *p, const esp_ranking_pool *pool) {
  size_t pruned = 0;
  if (!p->alive) return pool->units - pool->weight->mask->kept;
  memset(p->alive + pool->first, 0, pool->units);
  find_alive_of(pool, p->alive);
  for (size_t u = pool->first; u < pool->first + pool->units; u++) pruned += !p->alive[u];
  return pruned;
}

esp_pruned esp_pruner_count(const esp_pruner *p) {
  esp_pruned c = {0, p->units};
  for (int i = 0; i < p->pools; i++) c.pruned += count_pruned(p, &p->pool[i]);
  return c;
}

int esp_pruner_pools(const esp_pruner *p) {
  return p->ranked;
}

const esp_layer *esp_pruner_pool(const esp_pruner *p, int i, esp_pruned *count) {
  *count = (esp_pruned){count_pruned(p, &p->pool[i]), p->pool[i].units};
  return p->pool[i].layer;
}

/* `made` is what hooks make the values from, NULL where there are none. */
static bool weight_holds(const esp_param *w, const float *made, size_t i) {
  if (made) return w->value[i] == (w->mask->keep[i] ? made[i] : 0.0f);
  if (w->shadow) return w->value[i] == (w->mask->keep[i] ? w->shadow[i] : 0.0f);
  return w->mask->keep[i] || (w->value[i] == 0.0f && esp_param_forgotten(w, i));
}

/* Where the values of a reparametrised parameter stand in p->weight_score. */
static const float *made_of(const esp_pruner *p, const esp_param *w) {
  for (int i = 0; w->reparametrised && i < p->scored_slices; i++)
    if (p->scored[i].slice->param == w) return p->weight_score + p->scored[i].slice->first_weight;
  return NULL;
}

bool esp_pruner_holds(const esp_pruner *p) {
  esp__hooks_reparametrize(p);
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    const float *made = made_of(p, w);
    for (size_t i = 0; w->mask && i < w->count; i++)
      if (!weight_holds(w, made, i)) return false;
  }
  return true;
}
