/* Layers as lists of their nonzero weights: sums over stretches of pixels in planes. */
#include "base/integer.h"
#include "predict/network.h"

#include <stdlib.h>

enum { VECTORS = 12 }; /* of a stretch, at most */

typedef struct state {
  esp__lists kernel; /* but for x, y and the residual */
} state;

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  esp__lists own = ((const state *)s->state)->kernel;
  own.x = esp__at(s, s->x, memory);
  own.y = esp__at(s, s->y, memory);
  if (s->more >= 0) own.finish.residual = esp__at(s, s->more, memory);
  const esp__share share = esp__share_of(s, own.rows);
  own.row += share.first;
  own.rows = share.count;
  k->lists(&own);
}

/* ---- pixels ---- */

/* The stretches of a line of `length` pixels, in nearly equal parts; returns how many. */
static int cut(esp__stretch *s, int length, int vector, esp__stretch first) {
  const int vectors = esp__ceil_div(length, vector), parts = esp__ceil_div(vectors, VECTORS);
  for (int i = 0, at = 0; i < parts; i++) {
    const int count = (vectors - at + parts - i - 1) / (parts - i), floats = at * vector;
    s[i] = (esp__stretch){first.x + floats, first.y + floats, floats, count};
    at += count;
  }
  return parts;
}

/* Where rows lie as far apart in both places a plane is one line, in which what lies between rows
 * is masked; else each row is a line. */
esp_status esp__stretches_of(esp_network *n, esp__lists *k, const esp__place *x,
                             const esp__place *y, esp_error *err) {
  const bool joined = x->row == y->row;
  const int vector = n->kernels->vector, rows = joined ? 1 : y->shape.height,
            length = joined ? y->shape.height * y->row : y->shape.width,
            vectors = esp__ceil_div(length, vector);
  esp__stretch *stretch;
  float *mask;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(rows * vectors) * sizeof *stretch, &stretch, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(vectors * vector) * sizeof *mask, &mask, err));
  for (int i = 0; i < length; i++) mask[i] = i % y->row < y->shape.width ? 1.0f : 0.0f;
  for (int r = 0; r < rows; r++)
    k->stretches += cut(stretch + k->stretches, length, vector,
                        (esp__stretch){.x = r * x->row, .y = r * y->row});
  k->stretch = stretch;
  k->mask = mask;
  return ESP_OK;
}

/* ---- weights ---- */

/* A layer's weights, and where each place of its window lies. */
typedef struct weights {
  const esp_param *param;
  const int32_t *channel, *tap; /* offsets; `channel` of the whole input */
  int taps, groups;
} weights;

static size_t row_length(const weights *w, int o) {
  const size_t per = (size_t)(w->param->shape[1] * w->taps);
  size_t length = 0;
  for (size_t i = 0; i < per; i++) length += w->param->value[(size_t)o * per + i] != 0.0f;
  return length;
}

/* The entries of output o, `together` apart. */
static void fill_row(const weights *w, int o, int together, esp__list_entry *to) {
  const int channels = w->param->shape[1], group = o / (w->param->shape[0] / w->groups);
  const float *value = w->param->value + (size_t)o * (size_t)(channels * w->taps);
  for (int c = 0; c < channels; c++)
    for (int t = 0; t < w->taps; t++, value++) {
      if (*value == 0.0f) continue;
      *to = (esp__list_entry){w->channel[group * channels + c] + w->tap[t], *value};
      to += together;
    }
}

typedef struct length_of {
  size_t length;
  int32_t output;
} length_of;

static int by_length(const void *a, const void *b) {
  const length_of *x = a, *y = b;
  if (x->length != y->length) return x->length < y->length ? -1 : 1;
  return (x->output > y->output) - (x->output < y->output);
}

/* Outputs of about as many weights stand together. */
static esp_status fill_rows(esp_network *n, esp__lists *k, const weights *w, length_of *sorted,
                            esp_error *err) {
  const int outputs = w->param->shape[0];
  size_t entries = 0;
  esp__list_row *row;
  esp__list_entry *entry;
  int32_t *order;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)k->rows * sizeof *row, &row, err));
  ESP_TRY(
      esp__store_alloc(&n->store, (size_t)(k->rows * k->together) * sizeof *order, &order, err));
  for (int r = 0; r < k->rows; r++) {
    const int first = r * k->together, last = esp__least(first + k->together, outputs) - 1;
    row[r] = (esp__list_row){(int32_t)entries, (int32_t)sorted[last].length, first};
    entries += sorted[last].length * (size_t)k->together;
  }
  ESP_TRY(esp__store_alloc(&n->store, entries * sizeof *entry, &entry, err));
  for (int i = 0; i < k->rows * k->together; i++) {
    order[i] = i < outputs ? sorted[i].output : -1;
    if (order[i] >= 0)
      fill_row(w, order[i], k->together, entry + row[i / k->together].first + i % k->together);
  }
  k->row = row;
  k->order = order;
  k->entry = entry;
  return ESP_OK;
}

static esp_status plan_rows(esp_network *n, esp__lists *k, const weights *w, esp_error *err) {
  const int outputs = w->param->shape[0];
  int most = 1;
  for (int i = 0; i < k->stretches; i++) most = esp__most(most, k->stretch[i].count);
  k->together = n->kernels->lists_together(most);
  k->rows = esp__ceil_div(outputs, k->together);
  length_of *sorted = malloc((size_t)outputs * sizeof *sorted);
  if (!sorted) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for lists of weights");
  for (int o = 0; o < outputs; o++) sorted[o] = (length_of){row_length(w, o), o};
  if (k->together > 1) qsort(sorted, (size_t)outputs, sizeof *sorted, by_length);
  const esp_status status = fill_rows(n, k, w, sorted, err);
  free(sorted);
  return status;
}

/* ---- strides: the planes are split into those of every stride-th row and column ---- */

typedef struct split_state {
  esp_pair stride;
} split_state;

static int phases_of(esp_pair stride) {
  return stride.rows * stride.columns;
}

/* The channels of one pixel stand one behind the other. */
static void split(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *x = esp__place_at(s, s->x), *y = esp__place_at(s, s->y);
  const esp__planes from = {esp__at(s, s->x, memory), (size_t)x->row,
                            x->layout == ESP_PLANAR ? (size_t)x->plane : 1},
                    to = {esp__at(s, s->y, memory), (size_t)y->row, (size_t)y->plane};
  const esp__extents e = {x->shape.channels, x->shape.height, x->shape.width, 1};
  const esp_pair stride = ((const split_state *)s->state)->stride;
  k->split_planes(stride.rows, stride.columns, e, from, to);
}

/* How far a window of so many pixels reaches outside, in pixels of a phase. */
static int phase_reach(int kernel, int padding, int stride) {
  return esp__ceil_div(esp__most(padding, kernel - 1 - padding), stride);
}

/* The place of phases that were made for another layer; -1: none. */
static int split_before(const esp_network *n, int x, esp_pair stride, int halo) {
  for (int i = 0; i < n->steps; i++) {
    const esp__step *s = &n->step[i];
    if (s->run != split || s->x != x) continue;
    const esp_pair own = ((const split_state *)s->state)->stride;
    if (own.rows == stride.rows && own.columns == stride.columns && n->place[s->y].halo >= halo)
      return s->y;
  }
  return -1;
}

esp_status esp__add_split(esp_network *n, const esp_operation *op, int x, int *phases,
                          esp_error *err) {
  const esp_pair stride = op->attr.conv.stride, padding = op->attr.conv.padding;
  const esp_param *w = op->param[0];
  const esp_shape in = n->place[x].shape;
  const esp_shape shape = {in.channels * phases_of(stride), esp__ceil_div(in.height, stride.rows),
                           esp__ceil_div(in.width, stride.columns)};
  const int reach = esp__most(phase_reach(w->shape[2], padding.rows, stride.rows),
                              phase_reach(w->shape[3], padding.columns, stride.columns));
  const esp__place place = esp__place_of(shape, ESP_PLANAR, esp__most(1, reach));
  split_state *s;
  *phases = split_before(n, x, stride, place.halo);
  if (*phases >= 0) return ESP_OK;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  s->stride = stride;
  ESP_TRY(esp__place_add(n, &place, phases, err));
  return esp__step_add(n, &(esp__step){.run = split, .x = x, .more = -1, .y = *phases, .state = s},
                       err);
}

/* Where the tap at (r, c) lies. */
static int32_t phase_tap(const esp__place *x, int r, int c, esp_pair stride) {
  const int row = esp__floor_div(r, stride.rows), column = esp__floor_div(c, stride.columns);
  const int phase = (r - row * stride.rows) * stride.columns + c - column * stride.columns;
  return phase * x->plane + row * x->row + column;
}

esp_status esp__phase_window(esp_network *n, const esp_operation *op, const esp__place *x,
                             int channels, int32_t **channel, int32_t **tap, esp_error *err) {
  const esp_param *w = op->param[0];
  const esp_pair stride = op->attr.conv.stride, padding = op->attr.conv.padding;
  const int columns = w->shape[3], taps = w->shape[2] * columns;
  ESP_TRY(esp__channels_of(n, x, channels, phases_of(stride), channel, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)taps * sizeof **tap, tap, err));
  for (int t = 0; t < taps; t++)
    (*tap)[t] = phase_tap(x, t / columns - padding.rows, t % columns - padding.columns, stride);
  return ESP_OK;
}

static esp_status plan_weights(esp_network *n, const esp_operation *op, const esp__place *x,
                               weights *w, esp_error *err) {
  const esp_param *p = op->param[0];
  const int channels = x->shape.channels / phases_of(op->attr.conv.stride);
  int32_t *channel, *tap;
  ESP_TRY(esp__phase_window(n, op, x, channels, &channel, &tap, err));
  *w = (weights){.param = p,
                 .channel = channel,
                 .tap = tap,
                 .taps = p->shape[2] * p->shape[3],
                 .groups = op->attr.conv.groups};
  return ESP_OK;
}

esp_status esp__add_lists(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  int x = l->x;
  weights w;
  state *s;
  if (phases_of(l->op->attr.conv.stride) > 1) ESP_TRY(esp__add_split(n, l->op, x, &x, err));
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  ESP_TRY(esp__stretches_of(n, &s->kernel, &n->place[x], &n->place[l->y], err));
  ESP_TRY(plan_weights(n, l->op, &n->place[x], &w, err));
  ESP_TRY(plan_rows(n, &s->kernel, &w, err));
  s->kernel.y_plane = (size_t)n->place[l->y].plane;
  s->kernel.finish = l->finish;
  return esp__step_add(
      n, &(esp__step){.run = run, .x = x, .more = l->more, .y = l->y, .state = s, .shares = true},
      err);
}
