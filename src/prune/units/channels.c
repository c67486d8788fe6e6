/* Pools for channels that can only go together. */
#include "prune/units/channels.h"

#include "nn/channel_groups.h"

#include <stdlib.h>

/* Classes that a layer makes side by side compete: its channels are one pool, together with those
 * of all layers that make channels of the same classes. */
typedef struct pools {
  esp__channel_groups groups;
  size_t *parent; /* [slots] ties classes into pools */
  uint32_t *unit; /* [slots] at a class's first slot: its unit within the pool being made, or
               ESP_NO_UNIT */
  uint32_t units;
} pools;

static const esp_layer *layer_of(const esp_pruner *p, const esp_operation *o, const bool *layers,
                                 bool *covered) {
  int i = 0;
  while (p->model->layer[i].weight != o->param[0]) i++;
  *covered = layers[i];
  return &p->model->layer[i];
}

static size_t pool_of(const pools *s, int i, int c) {
  return esp__ties_first(s->parent, esp__channel_groups_class(&s->groups, i, c));
}

static void tie_pools(pools *s) {
  const esp__channel_groups *g = &s->groups;
  for (size_t k = 0; k < g->first[g->ops]; k++) s->parent[k] = k;
  for (int i = 0; i < g->ops; i++)
    for (int c = 1; esp__operation_makes(&g->op[i]) && c < g->op[i].shape.channels; c++)
      esp__ties_join(s->parent, esp__channel_groups_class(g, i, 0),
                     esp__channel_groups_class(g, i, c));
}

/* Whether channels of the pool come out of operation i. */
static bool reaches(const pools *s, int i, size_t pool) {
  const esp_operation *o = &s->groups.op[i];
  for (int c = 0; c < (esp__operation_makes(o) ? 1 : o->shape.channels); c++)
    if (pool_of(s, i, c) == pool) return true;
  return false;
}

static bool has_weights(const esp_operation *o) {
  return o->flow == ESP_FLOW_MIX || esp__operation_makes(o);
}

/* A linear layer on every token. */
static bool works_on_tokens(const esp_operation *o) {
  const esp_param *w = o->param[0];
  return esp__operation_mixes(o) && o->shape.height == 1 && o->shape.width > 1 &&
         w->count == (size_t)w->shape[0] * (size_t)w->shape[1];
}

static bool of_stream(const esp_operation *o) {
  return o->kind == ESP_OPERATION_EMBEDDING || o->kind == ESP_OPERATION_POSITIONS ||
         o->kind == ESP_OPERATION_LAYERNORM;
}

/* Whether it says what the channels are. */
static bool tells(const esp_operation *o) {
  return has_weights(o) || of_stream(o) || o->kind == ESP_OPERATION_ATTENTION;
}

/* Adds what an operation that the pool reaches says of it. */
static void note_traits(const esp_operation *o, esp__channel_traits *t) {
  t->heads |= o->kind == ESP_OPERATION_ATTENTION;
  t->stream |= of_stream(o);
  if (!has_weights(o)) return;
  const bool linear = o->param[0]->role == ESP_ROLE_LINEAR_WEIGHT;
  t->linear &= linear;
  t->of_tokens &= linear || works_on_tokens(o);
}

/* Whether all layers that make the pool's channels are to be pruned, and the structure wants such a
 * pool. Operation `from` must be the first of them: the pool comes once. */
static bool wanted(const esp_pruner *p, const pools *s, int from, const bool *layers,
                   esp__channels_wanted *wants) {
  const esp__channel_groups *g = &s->groups;
  const size_t pool = pool_of(s, from, 0);
  esp__channel_traits traits = {.linear = true, .of_tokens = true};
  bool covered;
  for (int i = 0; i < g->ops; i++) {
    const esp_operation *o = &g->op[i];
    if (!tells(o) || !reaches(s, i, pool)) continue;
    if (i < from && esp__operation_makes(o)) return false;
    note_traits(o, &traits);
    if (!has_weights(o)) continue;
    layer_of(p, o, layers, &covered);
    if (!covered) return false;
  }
  return wants(&traits);
}

/* Numbers the classes of the pool in the order of their slots; those that are fixed are no
 * units. */
static void number_units(pools *s, size_t pool) {
  const esp__channel_groups *g = &s->groups;
  s->units = 0;
  for (size_t k = 0; k < g->first[g->ops]; k++) {
    const bool is_class = g->parent[k] == k;
    s->unit[k] = ESP_NO_UNIT;
    if (is_class && !g->fixed[k] && esp__ties_first(s->parent, k) == pool) s->unit[k] = s->units++;
  }
}

/* The units of operation i's channels, newly allocated; NULL in *unit where none is of the pool. */
static esp_status units_of(const pools *s, int i, uint32_t **unit, esp_error *err) {
  const int n = s->groups.op[i].shape.channels;
  bool any = false;
  uint32_t *is = malloc((size_t)n * sizeof *is);
  if (!is) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the channels");
  for (int c = 0; c < n; c++) {
    is[c] = s->unit[esp__channel_groups_class(&s->groups, i, c)];
    any |= is[c] != ESP_NO_UNIT;
  }
  if (!any) free(is);
  *unit = any ? is : NULL;
  return ESP_OK;
}

/* Of operation i's parameter k; of one that is not there, none. */
static esp__param_axes axes_of(const pools *s, int i, int k) {
  const esp_param *w = s->groups.op[i].param[k];
  return w ? esp__channel_groups_axes(&s->groups, i, w) : (esp__param_axes){-1, -1};
}

/* The slice of a parameter that lies along one of its axes: place k is channel k of operation
 * `of`. */
static esp_status add_axis(esp_pruner *p, const pools *s, int of, esp_slice slice, esp_error *err) {
  ESP_TRY(units_of(s, of, &slice.unit, err));
  return slice.unit ? esp_ranking_pool_add(p, slice, err) : ESP_OK;
}

static esp_status add_rows(esp_pruner *p, const pools *s, int of, esp_param *w, esp_error *err) {
  const size_t rows = (size_t)w->shape[0];
  const bool scored = esp_param_prunable(w);
  return add_axis(p, s, of, (esp_slice){w, rows, w->count / rows, NULL, scored, 0, NULL}, err);
}

/* Columns make a score where there are no rows to make it: those of an embedding. */
static esp_status add_columns(esp_pruner *p, const pools *s, int of, esp_param *w, bool scored,
                              esp_error *err) {
  const size_t rows = (size_t)w->shape[0], columns = (size_t)w->shape[1],
               inner = w->count / rows / columns;
  return add_axis(p, s, of, (esp_slice){w, columns, inner, NULL, scored, 0, NULL}, err);
}

static esp_status add_operation(esp_pruner *p, const pools *s, int i, esp_error *err) {
  enum { TRAINED = 2 }; /* weight and bias, or scale and shift */
  const esp_operation *o = &s->groups.op[i];
  for (int k = 0; k < TRAINED; k++) {
    const esp__param_axes axes = axes_of(s, i, k);
    if (axes.rows >= 0) ESP_TRY(add_rows(p, s, axes.rows, o->param[k], err));
  }
  for (int k = 0; k < TRAINED; k++) {
    const esp__param_axes axes = axes_of(s, i, k);
    if (axes.columns < 0) continue;
    const bool scored = axes.rows < 0 && esp_param_prunable(o->param[k]);
    ESP_TRY(add_columns(p, s, axes.columns, o->param[k], scored, err));
  }
  return ESP_OK;
}

static esp_status cover(esp_pruner *p, const esp_structure *structure, pools *s, const bool *layers,
                        esp__channels_wanted *wants, esp_error *err) {
  const esp__channel_groups *g = &s->groups;
  bool covered;
  tie_pools(s);
  for (int i = 0; i < g->ops; i++) {
    if (!esp__operation_makes(&g->op[i]) || !wanted(p, s, i, layers, wants)) continue;
    number_units(s, pool_of(s, i, 0));
    if (s->units == 0) continue;
    ESP_TRY(esp_ranking_pool_new(p, structure, layer_of(p, &g->op[i], layers, &covered), s->units,
                                 err));
    for (int k = 0; k < g->ops; k++) ESP_TRY(add_operation(p, s, k, err));
  }
  return ESP_OK;
}

esp_status esp__cover_channels(esp_pruner *p, const esp_structure *structure, const bool *layers,
                               esp__channels_wanted *wants, esp_error *err) {
  pools s = {0};
  ESP_TRY(esp__channel_groups_make(&s.groups, p->model, err));
  const size_t slots = s.groups.first[s.groups.ops];
  s.parent = malloc(slots * sizeof *s.parent);
  s.unit = malloc(slots * sizeof *s.unit);
  const esp_status status = s.parent && s.unit
                                ? cover(p, structure, &s, layers, wants, err)
                                : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the channels");
  free(s.parent);
  free(s.unit);
  esp__channel_groups_free(&s.groups);
  return status;
}
