/* Making a pruner: its choices by name, what it covers, its memory. */
#include "prune/pruner.h"

#include "base/pattern.h"
#include "prune/catalogue.h"
#include "prune/check.h"
#include "prune/hybrid.h"
#include "prune/workspace.h"

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
}

static esp_status find_regulariser(esp_pruner *p, esp_error *err) {
  const char *name = p->opt->regulariser;
  if (strcmp(name, "none") == 0 || (p->regulariser = esp_regulariser_find(name))) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "[prune]: regulariser '%s' is not known", name);
}

static esp_status find_choices(esp_pruner *p, esp_error *err) {
  const esp_prune_options *o = p->opt;
  p->criterion = esp_criterion_find(o->method);
  p->dynamic = esp_dynamic_find(o->method);
  p->structure = esp_structure_find(o->structure);
  p->distribution = esp_distribution_of(o);
  p->schedule = esp_prune_schedule_find(o->schedule);
  if ((!p->criterion && !p->dynamic && !esp_pruner_external_masks(p)) || !p->structure ||
      !p->distribution || !p->schedule)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune]: method '%s' with structure '%s', distribution '%s', schedule '%s': not all known",
        o->method, o->structure, o->distribution, o->schedule);
  p->when = esp_prune_when_of(o);
  p->every = o->every;
  if (p->dynamic && !p->dynamic->any_structure && !p->structure->single_weights)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune]: method '%s' moves single weights; expected structure = weight, not %s", o->method,
        o->structure);
  return find_regulariser(p, err);
}

/* The words that stand for a place, not a name. */
static bool is_place(const char *word, size_t length) {
  return (length == 5 && memcmp(word, "first", 5) == 0) ||
         (length == 4 && memcmp(word, "last", 4) == 0);
}

static bool skipped(const esp_pruner *p, int layer) {
  const char *skip = p->opt->skip;
  return esp__pattern_any(skip, p->model->layer[layer].name) ||
         (layer == 0 && esp__pattern_any(skip, "first")) ||
         (layer == p->model->layers - 1 && esp__pattern_any(skip, "last"));
}

/* Pools that rank their units come first. */
static void count_ranked(esp_pruner *p) {
  while (p->ranked < p->pools && !p->pool[p->ranked].structure->choose)
    p->ranked_units += p->pool[p->ranked++].units;
}

static esp_status find_targets(esp_pruner *p, esp_error *err) {
  const esp_model *m = p->model;
  if (p->structure->check && !esp_pruner_external_masks(p))
    ESP_TRY(p->structure->check(p->opt, err));
  bool *layers = malloc((size_t)m->layers + 1);
  p->left_dense = calloc((size_t)m->layers + 1, sizeof *p->left_dense);
  if (!layers || !p->left_dense) {
    free(layers);
    return no_memory(err);
  }
  for (int i = 0; i < m->layers; i++) layers[i] = !skipped(p, i);
  const esp_status status =
      p->structure->cover ? p->structure->cover(p, layers, err) : esp__hybrid_cover(p, layers, err);
  free(layers);
  if (status != ESP_OK) return status;
  if (p->units == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: structure '%s' with skip = '%s' leaves no layer to prune",
                    p->opt->structure, p->opt->skip);
  if (p->units >= UINT32_MAX) return esp_fail(err, ESP_ERR_INPUT, "[prune]: more than 2^32 units");
  count_ranked(p);
  return esp__scored_slices_make(p, err);
}

/* A pattern that skips nothing is a slip of the pen. */
static esp_status check_skip(const esp_pruner *p, esp_error *err) {
  for (const char *word = p->opt->skip; *word;) {
    const size_t length = strcspn(word, " ");
    bool used = length == 0 || is_place(word, length);
    for (int i = 0; i < p->model->layers; i++)
      used |= esp__pattern_matches(word, length, p->model->layer[i].name);
    if (!used)
      return esp_fail(err, ESP_ERR_INPUT, "[prune] skip: '%.*s' matches no layer", (int)length,
                      word);
    word += length + strspn(word + length, " ");
  }
  return ESP_OK;
}

static esp_status make_mask(esp_pruner *p, esp_param *w, esp_error *err) {
  if (w->mask) return ESP_OK;
  int i = 0;
  while (p->model->params.item[i] != w) i++;
  esp_mask *m = &p->masks[i];
  if (!(m->keep = malloc(w->count))) return no_memory(err);
  memset(m->keep, 1, w->count);
  m->count = m->kept = w->count;
  w->mask = m;
  return ESP_OK;
}

static esp_status make_movement(esp_param *w, esp_error *err) {
  return (w->movement = calloc(w->count, sizeof *w->movement)) ? ESP_OK : no_memory(err);
}

static esp_status make_shadow(esp_param *w, esp_error *err) {
  if (!(w->shadow = aligned_alloc(64, (w->count * sizeof(float) + 63) / 64 * 64)))
    return no_memory(err);
  memcpy(w->shadow, w->value, w->count * sizeof(float));
  return ESP_OK;
}

static bool has_shadow(const esp_pruner *p) {
  return (p->dynamic && p->dynamic->shadow) || (p->regulariser && p->regulariser->shadow);
}

static esp_status make_masks(esp_pruner *p, esp_error *err) {
  const bool moves = p->criterion && p->criterion->needs == ESP_NEEDS_MOVEMENT;
  if (!(p->masks = calloc((size_t)p->model->params.count, sizeof *p->masks))) return no_memory(err);
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    for (int k = 0; k < pool->slices; k++) ESP_TRY(make_mask(p, pool->slice[k].param, err));
  }
  for (int i = 0; i < p->scored_slices; i++) {
    esp_param *w = p->scored[i].slice->param;
    if (moves) ESP_TRY(make_movement(w, err));
    if (has_shadow(p)) ESP_TRY(make_shadow(w, err));
  }
  return ESP_OK;
}

/* ---- scratch ---- */

static esp_status make_scratch(esp_pruner *p, esp_error *err) {
  size_t largest = 0;
  for (int k = 0; k < p->model->params.count; k++)
    if (p->model->params.item[k]->count > largest) largest = p->model->params.item[k]->count;
  bool made = (p->next_mask = malloc(largest)) != NULL;
  if (!esp__units_are_weights(p)) made &= (p->alive = malloc(p->units)) != NULL;
  if (p->opt->early_bird > 0) made &= (p->mask_history = calloc(p->units, 1)) != NULL;
  return made ? esp__workspace_open(p, err) : no_memory(err);
}

/* Whether the distribution can do what is asked: better known now than when training has ended. */
static esp_status try_distribution(esp_pruner *p, esp_error *err) {
  const bool unknown = esp_pruner_external_masks(p) || esp_pruner_by_threshold(p);
  const esp_status status = unknown ? ESP_OK : esp_pruner_choose(p, p->opt->sparsity, err);
  p->forecast = (esp_prune_forecast){.units = p->units, .floored = p->floored};
  for (size_t u = 0; u < p->units; u++) p->forecast.kept += p->keep[u];
  p->floored = 0;
  esp__workspace_close(p);
  return status;
}

/* ---- making one ---- */

/* Options that come from no configuration have no values for the keys of methods. */
static esp_status fill_in_keys(esp_pruner *p, esp_error *err) {
  p->filled_in = *p->opt;
  p->opt = &p->filled_in;
  return esp_prune_keys_open(&p->filled_in, err);
}

static esp_status check_keys(const esp_pruner *p, const char *name,
                             const esp_method_keys *const keys[ESP_METHOD_KEYS_MAX],
                             esp_error *err) {
  for (int i = 0; i < ESP_METHOD_KEYS_MAX && keys[i]; i++)
    if (!esp_prune_keys(p->opt, keys[i]))
      return esp_fail(
          err, ESP_ERR_INPUT,
          "[prune]: no values for the keys of '%s'; expected it to be registered before "
          "the options are made",
          name);
  return ESP_OK;
}

/* What was chosen finds its keys. */
static esp_status check_all_keys(const esp_pruner *p, esp_error *err) {
#define CHECK(entry) \
  if (p->entry) ESP_TRY(check_keys(p, p->entry->name, p->entry->keys, err))
  CHECK(criterion);
  CHECK(dynamic);
  CHECK(regulariser);
  CHECK(structure);
  CHECK(distribution);
  CHECK(schedule);
#undef CHECK
  return ESP_OK;
}

esp_status esp_pruner_new(esp_pruner **pruner, const esp_prune_options *opt, esp_model *model,
                          esp_key seed, esp_error *err) {
  esp_pruner *p = calloc(1, sizeof *p);
  if (!p) return no_memory(err);
  p->opt = opt;
  p->model = model;
  p->key = esp_key_of(seed, ESP_STREAM_PRUNE);
  esp_status status = opt->methods ? ESP_OK : fill_in_keys(p, err);
  if (status == ESP_OK) status = find_choices(p, err);
  if (status == ESP_OK) status = check_all_keys(p, err);
  if (status == ESP_OK) status = check_skip(p, err);
  if (status == ESP_OK) status = find_targets(p, err);
  if (status == ESP_OK) status = esp__pruner_check(p, err);
  if (status == ESP_OK) status = make_masks(p, err);
  if (status == ESP_OK) status = make_scratch(p, err);
  if (status == ESP_OK) status = esp__hooks_open(p, err);
  if (status == ESP_OK) status = try_distribution(p, err);
  if (status == ESP_OK)
    *pruner = p;
  else
    esp_pruner_free(p);
  return status;
}

void esp_pruner_free(esp_pruner *p) {
  if (!p) return;
  esp_pruner_finish(p);
  for (int i = 0; p->masks && i < p->model->params.count; i++) {
    esp_param *w = p->model->params.item[i];
    if (p->masks[i].keep) w->mask = NULL;
    free(p->masks[i].keep);
    free(w->movement);
    w->movement = NULL;
  }
  esp__hooks_close(p);
  free(p->masks);
  esp__ranking_pools_free(p);
  esp__workspace_free(p);
  free(p->alive);
  free(p->next_mask);
  free(p->mask_history);
  free(p->densities);
  free(p->left_dense);
  esp_prune_keys_close(&p->filled_in);
  free(p);
}
