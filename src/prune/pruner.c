/* The pruner: owner of all masks, and the one function that writes them. */
#include "prune/pruner.h"

#include "base/pattern.h"
#include "prune/catalogue.h"
#include "prune/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
}

/* ---- making one ---- */

#define FIND(type, at)                                  \
  static const type *find_##type(const char *name) {    \
    const type *entry;                                  \
    for (size_t i = 0; (entry = at(i)); i++)            \
      if (strcmp(entry->name, name) == 0) return entry; \
    return NULL;                                        \
  }
FIND(esp_criterion, esp_criterion_at)
FIND(esp_dynamic, esp_dynamic_at)
FIND(esp_structure, esp_structure_at)
FIND(esp_distribution, esp_distribution_at)
FIND(esp_prune_schedule, esp_prune_schedule_at)
FIND(esp_regulariser, esp_regulariser_at)

static esp_status find_regulariser(esp_pruner *p, esp_error *err) {
  const char *name = p->opt->regulariser;
  if (strcmp(name, "none") == 0 || (p->regulariser = find_esp_regulariser(name))) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "[prune]: regulariser '%s' is not known", name);
}

static esp_status find_choices(esp_pruner *p, esp_error *err) {
  const esp_prune_options *o = p->opt;
  p->criterion = find_esp_criterion(o->method);
  p->dynamic = find_esp_dynamic(o->method);
  p->structure = find_esp_structure(o->structure);
  p->distribution = find_esp_distribution(o->distribution);
  p->schedule = find_esp_prune_schedule(o->schedule);
  if ((!p->criterion && !p->dynamic) || !p->structure || !p->distribution || !p->schedule)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune]: method '%s' with structure '%s', distribution '%s', schedule '%s': not all known",
        o->method, o->structure, o->distribution, o->schedule);
  p->when = esp_prune_time(o);
  p->every = o->every;
  if (p->dynamic && !p->dynamic->any_structure && p->structure != &esp_structure_weight)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: method '%s' moves single weights; expected structure = weight, not %s",
                    o->method, o->structure);
  return find_regulariser(p, err);
}

/* The words that stand for a place, not a name. */
static bool is_place(const char *word, size_t length) {
  return (length == 5 && memcmp(word, "first", 5) == 0) || (length == 4 && memcmp(word, "last", 4) == 0);
}

static bool skipped(const esp_pruner *p, int layer) {
  const char *skip = p->opt->skip;
  return esp_pattern_any(skip, p->model->layer[layer].name) ||
         (layer == 0 && esp_pattern_any(skip, "first")) ||
         (layer == p->model->layers - 1 && esp_pattern_any(skip, "last"));
}

/* Targets that rank their units come first. */
static void count_ranked(esp_pruner *p) {
  while (p->ranked < p->targets && !p->target[p->ranked].structure->choose)
    p->ranked_units += p->target[p->ranked++].units;
}

static esp_status find_targets(esp_pruner *p, esp_error *err) {
  const esp_model *m = p->model;
  bool *layers = malloc((size_t)m->layers + 1);
  if (!layers) return no_memory(err);
  for (int i = 0; i < m->layers; i++) layers[i] = !skipped(p, i);
  const esp_status status = p->structure->cover(p, layers, err);
  free(layers);
  if (status != ESP_OK) return status;
  if (p->units == 0)
    return esp_fail(err, ESP_ERR_INPUT, "[prune]: structure '%s' with skip = '%s' leaves no layer to prune",
                    p->opt->structure, p->opt->skip);
  if (p->units >= UINT32_MAX) return esp_fail(err, ESP_ERR_INPUT, "[prune]: more than 2^32 units");
  count_ranked(p);
  return esp_parts_make(p, err);
}

/* A pattern that skips nothing is a slip of the pen. */
static esp_status check_skip(const esp_pruner *p, esp_error *err) {
  for (const char *word = p->opt->skip; *word;) {
    const size_t length = strcspn(word, " ");
    bool used = length == 0 || is_place(word, length);
    for (int i = 0; i < p->model->layers; i++)
      used |= esp_pattern_matches(word, length, p->model->layer[i].name);
    if (!used)
      return esp_fail(err, ESP_ERR_INPUT, "[prune] skip: '%.*s' matches no layer", (int)length, word);
    word += length + strspn(word + length, " ");
  }
  return ESP_OK;
}

/* Whether the distribution can do what is asked: better known now than when training has ended. */
static esp_status try_distribution(esp_pruner *p, esp_error *err) {
  const esp_status status = esp_pruner_choose(p, p->opt->sparsity, err);
  p->guarded = 0;
  return status;
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
  if (!(w->shadow = aligned_alloc(64, (w->count * sizeof(float) + 63) / 64 * 64))) return no_memory(err);
  memcpy(w->shadow, w->value, w->count * sizeof(float));
  return ESP_OK;
}

static bool has_shadow(const esp_pruner *p) {
  return (p->dynamic && p->dynamic->shadow) || (p->regulariser && p->regulariser->shadow);
}

static esp_status make_masks(esp_pruner *p, esp_error *err) {
  const bool moves = p->criterion && p->criterion->needs == ESP_NEEDS_MOVEMENT;
  if (!(p->masks = calloc((size_t)p->model->params.count, sizeof *p->masks))) return no_memory(err);
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    for (int k = 0; k < t->slices; k++) ESP_TRY(make_mask(p, t->slice[k].param, err));
  }
  for (int i = 0; i < p->parts; i++) {
    esp_param *w = p->part[i].slice->param;
    if (moves) ESP_TRY(make_movement(w, err));
    if (has_shadow(p)) ESP_TRY(make_shadow(w, err));
  }
  return ESP_OK;
}

static esp_status make_scratch(esp_pruner *p, esp_error *err) {
  size_t largest = 0;
  bool means = p->regulariser != NULL; /* what a regulariser adds up */
  for (int k = 0; k < p->model->params.count; k++)
    if (p->model->params.item[k]->count > largest) largest = p->model->params.item[k]->count;
  p->raw = malloc(p->weights * sizeof *p->raw);
  p->score = calloc(p->units, sizeof *p->score);
  p->keep = malloc(p->units);
  p->alive = malloc(p->units);
  p->next = malloc(largest);
  bool made = p->raw && p->score && p->keep && p->alive && p->next;
  for (int i = 0; i < p->targets; i++) means |= !esp_target_of_weights(&p->target[i]);
  if (means) {
    p->sum = malloc(p->units * sizeof *p->sum);
    p->size = malloc(p->units * sizeof *p->size);
    made &= p->sum && p->size;
  }
  if (p->opt->early_bird > 0) made &= (p->notes = calloc(p->units, 1)) != NULL;
  return made ? ESP_OK : no_memory(err);
}

esp_status esp_pruner_new(esp_pruner **pruner, const esp_prune_options *opt, esp_model *model, esp_key seed,
                          esp_error *err) {
  esp_pruner *p = calloc(1, sizeof *p);
  if (!p) return no_memory(err);
  p->opt = opt;
  p->model = model;
  p->key = esp_key_of(seed, ESP_STREAM_PRUNE);
  esp_status status = find_choices(p, err);
  if (status == ESP_OK) status = check_skip(p, err);
  if (status == ESP_OK) status = find_targets(p, err);
  if (status == ESP_OK) status = esp_pruner_check(p, err);
  if (status == ESP_OK) status = make_masks(p, err);
  if (status == ESP_OK) status = make_scratch(p, err);
  if (status == ESP_OK) status = esp_hooks_open(p, err);
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
  esp_hooks_close(p);
  free(p->masks);
  esp_targets_free(p);
  free(p->raw);
  free(p->sum);
  free(p->size);
  free(p->score);
  free(p->keep);
  free(p->alive);
  free(p->next);
  free(p->notes);
  free(p->densities);
  free(p);
}

/* ---- writing masks ---- */

/* The state of one weight changes: pruned or regrown, it starts from zero. */
static void reset_weight(esp_param *w, size_t i) {
  if (w->shadow) return; /* the shadow and its momentum go on; value is set below */
  w->value[i] = 0.0f;
  w->momentum[i] = 0.0f;
  if (w->average) w->average[i] = 0.0f;
}

/* keep[count] becomes the mask. */
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
    memset(p->next, 1, w->count);
    for (int i = 0; i < p->targets; i++)
      for (int k = 0; k < p->target[i].slices; k++)
        if (p->target[i].slice[k].param == w)
          take_out(&p->target[i].slice[k], p->keep + p->target[i].first, p->next);
    commit_param(p, w, p->next);
  }
}

static void find_alive_of(const esp_target *t, uint8_t *alive) {
  for (int k = 0; k < t->slices; k++)
    for (size_t w = 0; t->slice[k].scored && w < t->slice[k].param->count; w++) {
      const uint32_t unit = esp_slice_unit(&t->slice[k], w);
      if (unit != ESP_NO_UNIT) alive[t->first + unit] |= t->slice[k].param->mask->keep[w];
    }
}

/* alive[units]: which units have scored weights. */
static void find_alive(const esp_pruner *p, uint8_t *alive) {
  memset(alive, 0, p->units);
  for (int i = 0; i < p->targets; i++) find_alive_of(&p->target[i], alive);
}

void esp_pruner_zero(esp_pruner *p) {
  for (int i = 0; i < p->parts; i++) {
    const esp_slice *s = p->part[i].slice;
    for (size_t k = 0; k < s->param->count; k++) {
      const uint32_t unit = esp_slice_unit(s, k);
      if (unit != ESP_NO_UNIT && !p->keep[p->part[i].target->first + unit]) s->param->value[k] = 0.0f;
    }
  }
}

void esp_pruner_recall(esp_pruner *p) {
  find_alive(p, p->keep);
}

esp_status esp_pruner_restore(esp_pruner *p, esp_param *w, const uint8_t *keep, esp_error *err) {
  if (!w->mask) return esp_fail(err, ESP_ERR_INPUT, "a mask for '%s', which is not pruned here", w->name);
  for (size_t i = 0; i < w->count; i++)
    if (keep[i] > 1)
      return esp_fail(err, ESP_ERR_INPUT, "mask of '%s': value %d at %zu; expected 0 or 1", w->name, keep[i],
                      i);
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
        if (!w->shadow) w->momentum[i] = 0.0f;
        if (w->average) w->average[i] = 0.0f;
      }
  }
}

/* The momentum of a latent parameter is that of what it was made from. */
void esp_pruner_finish(esp_pruner *p) {
  bool shadows = false;
  for (int i = 0; i < p->model->params.count; i++) {
    esp_param *w = p->model->params.item[i];
    shadows |= w->shadow != NULL;
    if (w->latent) memset(w->momentum, 0, w->count * sizeof(float));
    free(w->shadow);
    w->shadow = NULL;
  }
  p->finished = true;
  esp_hooks_settle(p);
  if (shadows && p->masks) esp_pruner_apply(p);
}
bool esp_pruner_finished(const esp_pruner *p) {
  return p->finished;
}

/* ---- asking ---- */

bool esp_pruner_in_training(const esp_pruner *p) {
  return p->when == ESP_PRUNE_TRAINING;
}
bool esp_pruner_at_init(const esp_pruner *p) {
  return p->when == ESP_PRUNE_INIT;
}
void esp_pruner_set_epoch(esp_pruner *p, int64_t steps) {
  const double wanted = p->opt->every_epochs * (double)steps;
  p->pause = (int64_t)(p->opt->pause_epochs * (double)steps);
  if (p->opt->every_epochs > 0.0) p->every = wanted < 1.0 ? 1 : (int64_t)wanted;
}
uint64_t esp_pruner_changes(const esp_pruner *p) {
  return p->changes;
}
void esp_pruner_restore_changes(esp_pruner *p, uint64_t changes) {
  p->changes = changes;
  esp_hooks_settle(p);
}

int esp_pruner_rounds(const esp_pruner *p) {
  return esp_prune_rounds(p->opt);
}

double esp_pruner_round_sparsity(const esp_pruner *p, int round) {
  if (p->when == ESP_PRUNE_TRAINING) return p->opt->sparsity;
  return p->schedule->sparsity(p->opt, (double)round / (double)esp_pruner_rounds(p));
}

esp_pruned esp_pruner_count(const esp_pruner *p) {
  esp_pruned c = {0, p->units};
  find_alive(p, p->alive);
  for (size_t u = 0; u < p->units; u++) c.pruned += !p->alive[u];
  return c;
}

int esp_pruner_targets(const esp_pruner *p) {
  return p->ranked;
}

const esp_layer *esp_pruner_target(const esp_pruner *p, int i, esp_pruned *count) {
  const esp_target *t = &p->target[i];
  *count = (esp_pruned){0, t->units};
  memset(p->alive + t->first, 0, t->units);
  find_alive_of(t, p->alive);
  for (size_t u = 0; u < t->units; u++) count->pruned += !p->alive[t->first + u];
  return t->layer;
}

/* `made` is what hooks make the values from, NULL where there are none. */
static bool weight_holds(const esp_param *w, const float *made, size_t i) {
  if (made) return w->value[i] == (w->mask->keep[i] ? made[i] : 0.0f);
  if (w->shadow) return w->value[i] == (w->mask->keep[i] ? w->shadow[i] : 0.0f);
  return w->mask->keep[i] || (w->value[i] == 0.0f && w->momentum[i] == 0.0f);
}

/* Where the values of a latent parameter stand in p->raw. */
static const float *made_of(const esp_pruner *p, const esp_param *w) {
  for (int i = 0; w->latent && i < p->parts; i++)
    if (p->part[i].slice->param == w) return p->raw + p->part[i].slice->first_weight;
  return NULL;
}

bool esp_pruner_holds(const esp_pruner *p) {
  esp_hooks_values(p);
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    const float *made = made_of(p, w);
    for (size_t i = 0; w->mask && i < w->count; i++)
      if (!weight_holds(w, made, i)) return false;
  }
  return true;
}

/* ---- pruning ---- */

esp_status esp_pruner_decide(esp_pruner *p, double sparsity, esp_error *err) {
  esp_pruner_recall(p);
  for (size_t u = 0; u < p->units; u++)
    if (!p->keep[u]) p->score[u] = -INFINITY;
  if (p->opt->shuffle) ESP_TRY(esp_pruner_shuffle(p, err));
  return esp_pruner_choose(p, sparsity, err);
}

static esp_status prune_by_score(esp_pruner *p, double sparsity, int *guarded, esp_error *err) {
  ESP_TRY(esp_pruner_decide(p, sparsity, err));
  esp_pruner_commit(p);
  p->changes++;
  *guarded = p->guarded;
  return ESP_OK;
}

esp_status esp_pruner_round(esp_pruner *p, const esp_probe *probe, double sparsity, int *guarded,
                            esp_error *err) {
  ESP_TRY(esp_pruner_measure(p, probe, err));
  if (p->distribution->search) ESP_TRY(esp_pruner_search(p, sparsity, err));
  return prune_by_score(p, sparsity, guarded, err);
}

esp_status esp_pruner_prune(esp_pruner *p, double sparsity, int *guarded, esp_error *err) {
  esp_pruner_score(p, p->criterion);
  return prune_by_score(p, sparsity, guarded, err);
}

esp_status esp_pruner_remove(esp_pruner *p, const esp_criterion *criterion, double sparsity, esp_error *err) {
  esp_pruner_score(p, criterion);
  ESP_TRY(esp_pruner_decide(p, sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}

static double progress(const esp_pruner *p, int64_t step, int64_t begin, int64_t end) {
  return esp_prune_progress(step - begin, end - begin, p->opt->ramps, p->pause);
}

static bool is_change(const esp_pruner *p, int64_t step, int64_t begin, int64_t end) {
  if (step < begin || step > end) return false;
  return step == end || ((step - begin) % p->every == 0 && progress(p, step, begin, end) >= 0.0);
}

bool esp_pruner_needs_dense(const esp_pruner *p, int64_t step, int64_t begin, int64_t end) {
  if (p->target[0].weight->shadow) return true;
  const bool looks =
      p->dynamic ? p->dynamic->needs_gradient
                 : p->criterion->needs == ESP_NEEDS_GRADIENT || p->criterion->needs == ESP_NEEDS_GRADIENTS;
  return looks && is_change(p, step, begin, end);
}

/* movement -= w g, before the step moves w. What is pruned has w = 0 and moves no further. */
static void gather_movement(const esp_pruner *p) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    for (size_t i = 0; w->movement && i < w->count; i++) w->movement[i] -= w->value[i] * w->grad[i];
  }
}

esp_status esp_pruner_step(esp_pruner *p, int64_t step, int64_t begin, int64_t end, bool *changed,
                           esp_error *err) {
  *changed = false;
  if (p->criterion && p->criterion->needs == ESP_NEEDS_MOVEMENT) gather_movement(p);
  if (!is_change(p, step, begin, end)) return ESP_OK;
  const double t = progress(p, step, begin, end);
  int guarded;
  *changed = true;
  if (!p->dynamic) return esp_pruner_prune(p, p->schedule->sparsity(p->opt, t), &guarded, err);
  ESP_TRY(p->dynamic->change(p, t, err));
  p->changes++;
  esp_hooks_settle(p);
  if (step == end) esp_pruner_finish(p);
  return ESP_OK;
}
