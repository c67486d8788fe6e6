/* Convolutions and linear layers of 8-bit integers: all their weights, or lists of those that are
 * there, four channels a word. */
#include "autograd/fixed_point.h"
#include "base/integer.h"
#include "predict/network.h"

#include <string.h>

/* ---- weights ---- */

/* A layer's weights, and where the word of each place of its window lies. */
typedef struct weights {
  const esp_param *param;
  int taps, groups, words; /* words: of the input's channels */
} weights;

static weights weights_of(const esp__integer_plan *l) {
  const esp_param *w = l->op->param[0];
  return (weights){.param = w,
                   .taps = w->rank == 4 ? w->shape[2] * w->shape[3] : 1,
                   .groups = l->op->groups,
                   .words = esp__ceil_div(l->channels, ESP_QUAD)};
}

/* Weight of output o for channel c of the input, 0 where another group reads that. */
static int8_t weight_at(const weights *w, int o, int c, int tap) {
  const int own = w->param->shape[1], group = o / (w->param->shape[0] / w->groups),
            channel = c - group * own;
  if (channel < 0 || channel >= own) return 0;
  return (int8_t)
      w->param->value[((size_t)o * (size_t)own + (size_t)channel) * (size_t)w->taps + (size_t)tap];
}

static uint32_t word_at(const weights *w, int o, int word, int tap) {
  int8_t bytes[ESP_QUAD];
  uint32_t all;
  for (int i = 0; i < ESP_QUAD; i++) bytes[i] = weight_at(w, o, word * ESP_QUAD + i, tap);
  memcpy(&all, bytes, sizeof all);
  return all;
}

static double sum_of(const esp_param *w, size_t o) {
  const size_t each = w->count / (size_t)w->shape[0];
  double sum = 0.0;
  for (size_t i = 0; i < each; i++) sum += (double)w->value[o * each + i];
  return sum;
}

/* ---- what follows the sums ---- */

/* Numbers of the outputs, filled up to whole blocks. */
static esp_status per_output(esp_network *n, const esp_param *w, void *to, esp_error *err) {
  return esp__store_alloc(&n->store, esp__whole_blocks(w->shape[0]) * sizeof(int32_t), to, err);
}

static esp_status add_bias(esp_network *n, const esp__integer_plan *l, int offset,
                           esp__integer_finish *f, esp_error *err) {
  const esp_param *w = l->op->param[0], *bias = l->op->param[1];
  int32_t *to;
  ESP_TRY(per_output(n, w, &to, err));
  for (int o = 0; o < w->shape[0]; o++) {
    const double own = bias ? (double)bias->value[o] : 0.0;
    to[o] = (int32_t)(own - (l->negative ? offset * sum_of(w, (size_t)o) : 0.0));
  }
  f->bias = to;
  return ESP_OK;
}

static bool makes_floats(const esp__integer_plan *l) {
  return l->rescale->kind == ESP_OPERATION_FROM_INTEGERS;
}

/* How the kernels compute (s * m + 2^(t - 1)) >> t from the upper half of a product. */
typedef struct scaling {
  int32_t multiplier, shift, left, limit;
} scaling;

/* The lower half of a product is left out of the rounding, which is right where t is 33 or more;
 * so sums are moved to the left. As much as they may be, which are smaller than 2^24; and where
 * that is not enough, the factor is 32 or more: sums beyond +-4 give the bounds in any case, and
 * with a factor of 128 or more all do, so that a smaller t changes nothing. Where t is so large
 * that no sum gives 1 the multiplier is 0. */
static scaling scaling_of(esp__fixed f) {
  enum { HALF = 32, LEFT_MOST = 7, LEFT_SMALL = 10, SMALL = 4, SUM_MAX = 1 << 24 };
  const int least = HALF + 1 - LEFT_SMALL, shift = esp__most(f.shift, least);
  const bool far = shift + LEFT_MOST <= HALF;
  const int left = far ? LEFT_SMALL : esp__most(0, esp__least(LEFT_MOST, HALF + 1 - shift));
  const int rest = shift + left - HALF;
  if (f.multiplier == 0 || rest > 30) return (scaling){0, 1, 0, SUM_MAX};
  return (scaling){(int32_t)f.multiplier, rest, left, far ? SMALL : SUM_MAX};
}

static scaling scaling_at(const esp__integer_plan *l, int o) {
  if (makes_floats(l) || o >= l->op->param[0]->shape[0]) return scaling_of((esp__fixed){0, 1});
  return scaling_of(esp__fixed_channel(&l->rescale->attr.requantise, o));
}

/* Without limits where no sum is moved. */
static esp_status add_scales(esp_network *n, const esp__integer_plan *l, esp__integer_finish *f,
                             esp_error *err) {
  const esp_param *w = l->op->param[0];
  const int blocks = esp__ceil_div(w->shape[0], ESP_BLOCK);
  int32_t *multiplier, *shift, *left, *limit;
  ESP_TRY(per_output(n, w, &multiplier, err));
  ESP_TRY(per_output(n, w, &shift, err));
  ESP_TRY(per_output(n, w, &left, err));
  ESP_TRY(per_output(n, w, &limit, err));
  f->multiplier = multiplier;
  f->shift = shift;
  for (int o = 0; o < blocks * ESP_BLOCK; o++) {
    const scaling own = scaling_at(l, o);
    multiplier[o] = own.multiplier;
    shift[o] = own.shift;
    left[o] = own.left;
    limit[o] = own.limit;
    if (own.left == 0) continue;
    f->left = left;
    f->limit = limit;
  }
  return ESP_OK;
}

static esp_status add_reals(esp_network *n, const esp__integer_plan *l, esp__integer_finish *f,
                            esp_error *err) {
  const esp_param *w = l->op->param[0];
  float *real;
  ESP_TRY(per_output(n, w, &real, err));
  for (int o = 0; o < w->shape[0]; o++)
    real[o] = (float)esp__fixed_real(&l->rescale->attr.requantise.from, o);
  f->real = real;
  return ESP_OK;
}

/* Two factors of 16 bits in a word. */
static int32_t pair_of(int64_t own, int64_t other) {
  return (int32_t)((uint32_t)(own & 0xffff) | (uint32_t)(other & 0xffff) << 16);
}

static void add_sum(const esp__integer_plan *l, esp__integer_finish *f) {
  const esp__sum_halves h = esp__sum_halves_of(&l->sum->attr.requantise);
  f->upper = pair_of(h.own_upper, h.other_upper);
  f->lower = pair_of(h.own_lower, h.other_lower);
  f->sum_shift = h.shift;
  f->sum_low = l->relu ? 0 : -ESP_LEVELS_MAX;
}

static esp_status finish_of(esp_network *n, const esp__integer_plan *l, int offset,
                            esp__integer_finish *f, esp_error *err) {
  *f = (esp__integer_finish){.low = l->positive ? 0 : -ESP_LEVELS_MAX};
  ESP_TRY(add_bias(n, l, offset, f, err));
  ESP_TRY(add_scales(n, l, f, err));
  if (l->sum) add_sum(l, f);
  return makes_floats(l) ? add_reals(n, l, f, err) : ESP_OK;
}

/* ---- all weights ---- */

typedef struct dense_state {
  const esp__integer_kernels *kernels;
  esp__integer_dense kernel; /* but for x, y and what is added */
} dense_state;

static void *words_at(const esp__step *s, int place, float *memory) {
  return place < 0 ? NULL : esp__at(s, place, memory);
}

static void run_dense(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const dense_state *state = s->state;
  esp__integer_dense own = state->kernel;
  (void)k;
  own.x = words_at(s, s->x, memory);
  own.y = words_at(s, s->y, memory);
  own.finish.with = words_at(s, s->more, memory);
  own.spots = esp__spots_shared(s, own.spots);
  state->kernels->dense(&own);
}

/* Words from each spot to the next, where that is 1 or 2 in all groups; else 0. */
static int step_of(const esp__spots *s) {
  for (int step = 1; step <= 2; step++) {
    bool all = true;
    for (int g = 0; g < s->groups; g++)
      for (int i = 1; i < s->group[g].count; i++) {
        const esp__spot *spot = s->spot + s->group[g].first + i;
        all &= spot[0].x - spot[-1].x == step;
      }
    if (all) return step;
  }
  return 0;
}

static void take_spots(const esp_network *n, const esp__spots *spots, esp__integer_dense *k) {
  k->together = esp__dense_together_of(n, spots, k->blocks);
  k->spots = *spots;
  k->spots.step = step_of(spots);
}

/* In the order of the packs. */
static esp_status pack(esp_network *n, const weights *w, esp__integer_dense *k, esp_error *err) {
  uint32_t *to;
  ESP_TRY(esp__store_alloc(
      &n->store, (size_t)(w->words * w->taps) * (size_t)(k->blocks * ESP_BLOCK) * sizeof *to, &to,
      err));
  k->weight = to;
  for (int first = 0, blocks; first < k->blocks; first += blocks) {
    blocks = esp__dense_pack_blocks(k->blocks - first, k->together);
    for (int i = 0; i < w->words * w->taps; i++)
      for (int o = 0; o < blocks * ESP_BLOCK; o++, to++) {
        const int output = first * ESP_BLOCK + o;
        if (output < w->param->shape[0]) *to = word_at(w, output, i / w->taps, i % w->taps);
      }
  }
  return ESP_OK;
}

static esp_status add_step(esp_network *n, const esp__integer_plan *l, int x, esp__step_fn *run,
                           const void *state, esp_error *err) {
  return esp__step_add(
      n,
      &(esp__step){.run = run, .x = x, .more = l->more, .y = l->y, .state = state, .shares = true},
      err);
}

esp_status esp__add_integer_dense(esp_network *n, const esp__integer_plan *l, esp_error *err) {
  const weights w = weights_of(l);
  const esp__place *x = &n->place[l->x], *y = &n->place[l->y];
  const int blocks = esp__ceil_div(w.param->shape[0], ESP_BLOCK);
  esp__spots spots;
  int32_t *channel, *tap;
  dense_state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  ESP_TRY(esp__channels_of(n, x, w.words, 1, &channel, err));
  ESP_TRY(esp__taps_of(n, x, l->op, &tap, err));
  s->kernels = esp__integer_kernels_choose();
  ESP_TRY(
      esp__spots_up_to(n, x, y, l->op->attr.conv.stride, s->kernels->spots(blocks), &spots, err));
  s->kernel = (esp__integer_dense){.channel = channel,
                                   .tap = tap,
                                   .quads = w.words,
                                   .taps = w.taps,
                                   .blocks = blocks,
                                   .y_quad = esp__place_word(y),
                                   .negative = l->negative};
  take_spots(n, &spots, &s->kernel);
  ESP_TRY(pack(n, &w, &s->kernel, err));
  ESP_TRY(finish_of(n, l, s->kernels->offset, &s->kernel.finish, err));
  ESP_TRY(add_step(n, l, l->x, run_dense, s, err));
  return y->layout == ESP_FIELDS ? esp__add_field_fill(n, l->y, err) : ESP_OK;
}

/* ---- from planes to planes ---- */

/* What part of a step has to do. */
static void begin(esp__integer_planes *p, const esp__step *s, float *memory) {
  const esp__share share = esp__share_of(s, p->quads);
  p->x = words_at(s, s->x, memory);
  p->y = words_at(s, s->y, memory);
  p->finish.with = words_at(s, s->more, memory);
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
  return finish_of(n, l, kernels->offset, &p->finish, err);
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
  return finish_of(n, l, kernels->offset, &p->finish, err);
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
  return add_step(n, l, x, run_depthwise, s, err);
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
static int fill_list(const weights *w, const offsets *at, int o, esp__integer_entry *to) {
  int count = 0;
  for (int c = 0; c < w->words; c++)
    for (int t = 0; t < w->taps; t++) {
      const uint32_t word = word_at(w, o, c, t);
      if (!word) continue;
      if (to) to[count] = (esp__integer_entry){at->channel[c] + at->tap[t], word};
      count++;
    }
  return esp__ceil_div(count, ESP_ENTRIES) * ESP_ENTRIES;
}

static esp_status fill_lists(esp_network *n, const weights *w, const offsets *at,
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
  ESP_TRY(esp__field_cut_of(n, l->op, s->kernels->field_stretch, &n->place[l->x], &n->place[l->y],
                            &cut, err));
  s->kernel.planes.stretch = cut.stretch;
  s->kernel.planes.stretches = cut.stretches;
  s->shape = cut.shape;
  return ESP_OK;
}

esp_status esp__add_integer_lists(esp_network *n, const esp__integer_plan *l, esp_error *err) {
  const weights w = weights_of(l);
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
  return add_step(n, l, x, fields ? run_field_lists : run_lists, s, err);
}
