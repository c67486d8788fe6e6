/* Layers of 8-bit integers from planes to planes, or fields to fields: depthwise ones, and lists of
 * the weights that are there. */
#include "base/integer.h"
#include "predict/integer_layers.h"

#include <string.h>

/* ---- both ---- */

/* What part of a step has to do. */
static void begin(esp__integer_planes *p, const esp__step *s, float *memory) {
  const esp__share share = esp__share_of(s, p->quads);
  p->x = esp__words_at(s, s->x, memory);
  p->y = esp__words_at(s, s->y, memory);
  p->finish.with = esp__words_at(s, s->more, memory);
  p->from = share.first;
  p->quads = share.count;
}

static esp_status plan_stretches(esp_network *n, const esp__place *x, const esp__place *y,
                                 esp__integer_planes *p, esp_error *err) {
  esp__lists like = {0};
  int32_t *mask;
  int words = 0;
  ESP_TRY(esp__stretches_of(n, &like, x, y, err));
  for (int i = 0; i < like.stretches; i++)
    words = esp__most(words, like.stretch[i].mask + like.stretch[i].count * n->kernels->vector);
  ESP_TRY(esp__store_alloc(&n->store, (size_t)words * sizeof *mask, &mask, err));
  for (int i = 0; i < words; i++) mask[i] = like.mask[i] != 0.0f ? -1 : 0;
  p->stretch = like.stretch;
  p->stretches = like.stretches;
  p->mask = mask;
  return ESP_OK;
}

/* Where the words of a window lie. */
typedef struct offsets {
  int32_t *channel, *tap;
} offsets;

/* What is the same wherever the planes lie. */
static esp__integer_planes planes_to(const esp__integer_plan *l, const esp__place *y) {
  return (esp__integer_planes){.y_quad = (size_t)y->plane,
                               .quads = esp__ceil_div(l->op->param[0]->shape[0], ESP_QUAD),
                               .negative = l->negative};
}

/* All but x, y and what is added; *x becomes the place that is read, which of strided layers is
 * split first. */
static esp_status plan_planes(esp_network *n, const esp__integer_plan *l,
                              const esp__integer_kernels *kernels, int *x, offsets *at,
                              esp__integer_planes *p, esp_error *err) {
  const esp_pair stride = l->op->attr.conv.stride;
  *x = l->x;
  if (stride.rows * stride.columns > 1) ESP_TRY(esp__add_split(n, l->op, *x, x, err));
  *p = planes_to(l, &n->place[l->y]);
  ESP_TRY(plan_stretches(n, &n->place[*x], &n->place[l->y], p, err));
  ESP_TRY(esp__phase_window(n, l->op, &n->place[*x], esp__ceil_div(l->channels, ESP_QUAD),
                            &at->channel, &at->tap, err));
  return esp__integer_finish_of(n, l, kernels->offset, &p->finish, err);
}

/* What lies around the fields that part of a step has made. */
static void fill(const esp__predict_kernels *k, const esp__step *s, const esp__integer_planes *p,
                 const esp__fields *fields, float *memory) {
  float *plane = esp__at(s, s->y, memory) + (size_t)p->from * p->y_quad;
  for (int q = 0; q < p->quads; q++, plane += p->y_quad) k->fill_fields(fields, plane);
}

/* The same in fields, but for the stretches. */
static esp_status plan_fields(esp_network *n, const esp__integer_plan *l,
                              const esp__integer_kernels *kernels, offsets *at,
                              esp__integer_planes *p, esp__fields *fields, esp_error *err) {
  const esp__place *x = &n->place[l->x];
  *p = planes_to(l, &n->place[l->y]);
  ESP_TRY(esp__channels_of(n, x, esp__ceil_div(l->channels, ESP_QUAD), 1, &at->channel, err));
  ESP_TRY(esp__taps_of(n, x, l->op, &at->tap, err));
  ESP_TRY(esp__fields_of(n, &n->place[l->y], fields, err));
  return esp__integer_finish_of(n, l, kernels->offset, &p->finish, err);
}

/* ---- depthwise ---- */

typedef struct depthwise_state {
  const esp__integer_kernels *kernels;
  esp__integer_depthwise kernel; /* but for x, y and what is added */
  esp__fields y;                 /* in fields only */
} depthwise_state;

static void run_depthwise(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const depthwise_state *state = s->state;
  esp__integer_depthwise own = state->kernel;
  begin(&own.planes, s, memory);
  state->kernels->depthwise(&own);
  if (state->y.edge) fill(k, s, &own.planes, &state->y, memory);
}

/* Weights of four taps of a channel from number `first` on. */
static uint32_t taps_at(const esp_param *w, int taps, int channel, int first) {
  int8_t bytes[ESP_QUAD] = {0};
  uint32_t all;
  for (int i = 0; i < ESP_QUAD && first + i < taps && channel < w->shape[0]; i++)
    bytes[i] = (int8_t)w->value[channel * taps + first + i];
  memcpy(&all, bytes, sizeof all);
  return all;
}

static esp_status fill_depthwise(esp_network *n, const esp_param *w, const offsets *at,
                                 esp__integer_depthwise *k, esp_error *err) {
  const int taps = w->shape[2] * w->shape[3], all = k->planes.quads * ESP_QUAD;
  uint32_t *weight;
  int32_t *tap;
  k->fours = esp__ceil_div(taps, ESP_QUAD);
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(k->fours * ESP_QUAD) * sizeof *tap, &tap, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(k->fours * all) * sizeof *weight, &weight, err));
  for (int t = 0; t < k->fours * ESP_QUAD; t++) tap[t] = at->tap[t < taps ? t : 0];
  k->tap = tap;
  k->weight = weight;
  for (int q = 0; q < all; q += ESP_QUAD)
    for (int t = 0; t < k->fours; t++)
      for (int c = 0; c < ESP_QUAD; c++) *weight++ = taps_at(w, taps, q + c, t * ESP_QUAD);
  return ESP_OK;
}

/* A stretch is a row of a field. */
static esp_status add_rows(esp_network *n, const esp__integer_plan *l, esp__integer_depthwise *k,
                           esp_error *err) {
  const esp__place *x = &n->place[l->x], *y = &n->place[l->y];
  const esp_pair stride = l->op->attr.conv.stride;
  esp__stretch *stretch;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)y->field.rows * sizeof *stretch, &stretch, err));
  for (int r = 0; r < y->field.rows; r++)
    stretch[r] =
        (esp__stretch){.x = r * stride.rows * x->row, .y = r * y->row, .count = y->field.width};
  k->planes.stretch = stretch;
  k->planes.stretches = y->field.rows;
  k->step = stride.columns;
  return ESP_OK;
}

esp_status esp__add_integer_depthwise(esp_network *n, const esp__integer_plan *l, esp_error *err) {
  int x = l->x;
  offsets at;
  depthwise_state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  s->kernels = esp__integer_kernels_choose();
  s->kernel.step = 1;
  if (n->place[l->y].layout == ESP_FIELDS) {
    ESP_TRY(plan_fields(n, l, s->kernels, &at, &s->kernel.planes, &s->y, err));
    ESP_TRY(add_rows(n, l, &s->kernel, err));
  } else {
    ESP_TRY(plan_planes(n, l, s->kernels, &x, &at, &s->kernel.planes, err));
  }
  s->kernel.channel = at.channel;
  ESP_TRY(fill_depthwise(n, l->op->param[0], &at, &s->kernel, err));
  return esp__integer_step(n, l, x, run_depthwise, s, err);
}

/* ---- the weights that are there ---- */

typedef struct lists_state {
  const esp__integer_kernels *kernels;
  esp__integer_lists kernel; /* but for x, y and what is added */
  esp__field_shape shape;    /* in fields only, as the next */
  esp__fields y;
} lists_state;

static void run_lists(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const lists_state *state = s->state;
  esp__integer_lists own = state->kernel;
  (void)k;
  begin(&own.planes, s, memory);
  state->kernels->lists(&own);
}

static void run_field_lists(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const lists_state *state = s->state;
  esp__integer_field_lists own = {state->kernel, state->shape};
  begin(&own.lists.planes, s, memory);
  state->kernels->field_lists(&own);
  fill(k, s, &own.lists.planes, &state->y, memory);
}

/* Appends the entries of output o; with `to` NULL they are counted only. */
static int fill_list(const esp__integer_weights *w, const offsets *at, int o,
                     esp__integer_entry *to) {
  int count = 0;
  for (int c = 0; c < w->words; c++)
    for (int t = 0; t < w->taps; t++) {
      const uint32_t word = esp__integer_word(w, o, c, t);
      if (!word) continue;
      if (to) to[count] = (esp__integer_entry){at->channel[c] + at->tap[t], word};
      count++;
    }
  return esp__ceil_div(count, ESP_ENTRIES) * ESP_ENTRIES;
}

static esp_status fill_lists(esp_network *n, const esp__integer_weights *w, const offsets *at,
                             esp__integer_lists *k, esp_error *err) {
  int32_t *first;
  esp__integer_entry *entry;
  const int outputs = w->param->shape[0], all = k->planes.quads * ESP_QUAD;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(all + 1) * sizeof *first, &first, err));
  for (int o = 0; o < all; o++)
    first[o + 1] = first[o] + (o < outputs ? fill_list(w, at, o, NULL) : 0);
  ESP_TRY(esp__store_alloc(&n->store, (size_t)first[outputs] * sizeof *entry, &entry, err));
  for (int o = 0; o < outputs; o++) fill_list(w, at, o, entry + first[o]);
  k->first = first;
  k->entry = entry;
  return ESP_OK;
}

static esp_status cut_fields(esp_network *n, const esp__integer_plan *l, lists_state *s,
                             esp_error *err) {
  esp__field_cut cut;
  ESP_TRY(esp__field_cut_of(n, l->op, &n->place[l->x], &n->place[l->y], &cut, err));
  s->kernel.planes.stretch = cut.stretch;
  s->kernel.planes.stretches = cut.stretches;
  s->shape = cut.shape;
  return ESP_OK;
}

esp_status esp__add_integer_lists(esp_network *n, const esp__integer_plan *l, esp_error *err) {
  const esp__integer_weights w = esp__integer_weights_of(l);
  const bool fields = n->place[l->y].layout == ESP_FIELDS;
  int x = l->x;
  offsets at;
  lists_state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  s->kernels = esp__integer_kernels_choose();
  if (fields) {
    ESP_TRY(plan_fields(n, l, s->kernels, &at, &s->kernel.planes, &s->y, err));
    ESP_TRY(cut_fields(n, l, s, err));
  } else {
    ESP_TRY(plan_planes(n, l, s->kernels, &x, &at, &s->kernel.planes, err));
  }
  ESP_TRY(fill_lists(n, &w, &at, &s->kernel, err));
  return esp__integer_step(n, l, x, fields ? run_field_lists : run_lists, s, err);
}
