/* Layers as lists of their nonzero weights: sums over stretches of pixels in planes. */
#include "base/integer.h"
#include "predict/network.h"

#include <stdlib.h>

enum { VECTORS = 12 }; /* of a stretch, at most */

typedef struct state {
  esp__lists kernel; /* but for x, y and the residual */
} state;

typedef struct field_state {
  esp__field_lists kernel; /* but for the same */
  esp__fields y;
} field_state;

/* What part of a step has to do. */
static void begin(esp__lists *k, const esp__step *s, float *memory) {
  const esp__share share = esp__share_of(s, k->rows);
  k->x = esp__at(s, s->x, memory);
  k->y = esp__at(s, s->y, memory);
  if (s->more >= 0) k->finish.residual = esp__at(s, s->more, memory);
  k->row += share.first;
  k->rows = share.count;
}

/* Of one row of tokens only the first. */
static void run_first(const esp__predict_kernels *k, esp__lists *own, int tokens) {
  const esp__stretch *all = own->stretch;
  own->stretches = 0;
  while (all[own->stretches].mask + all[own->stretches].count * k->vector < tokens)
    own->stretches++;
  esp__stretch last = all[own->stretches];
  last.count = esp__ceil_div(tokens - last.mask, k->vector);
  k->lists(own);
  own->stretch = &last;
  own->stretches = 1;
  k->lists(own);
}

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  esp__lists own = ((const state *)s->state)->kernel;
  begin(&own, s, memory);
  if (s->partly)
    run_first(k, &own, esp__tokens_made(s, memory));
  else
    k->lists(&own);
}

static void run_fields(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const field_state *f = s->state;
  esp__field_lists own = f->kernel;
  begin(&own.lists, s, memory);
  k->field_lists(&own);
  for (int i = 0; i < own.lists.rows * own.lists.together; i++) {
    const int32_t o = own.lists.order[own.lists.row->output + i];
    if (o >= 0) k->fill_fields(&f->y, own.lists.y + (size_t)o * own.lists.y_plane);
  }
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
  k->rows = esp__ceil_div(outputs, k->together);
  length_of *sorted = malloc((size_t)outputs * sizeof *sorted);
  if (!sorted) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for lists of weights");
  for (int o = 0; o < outputs; o++) sorted[o] = (length_of){row_length(w, o), o};
  if (k->together > 1) qsort(sorted, (size_t)outputs, sizeof *sorted, by_length);
  const esp_status status = fill_rows(n, k, w, sorted, err);
  free(sorted);
  return status;
}

/* Where the channels and taps lie: in fields as in any plane, in planes among the phases. */
static esp_status plan_weights(esp_network *n, const esp_operation *op, const esp__place *x,
                               weights *w, esp_error *err) {
  const esp_param *p = op->param[0];
  const esp_pair window = esp__window_of(p);
  const int channels = p->shape[1] * op->attr.conv.groups;
  int32_t *channel, *tap;
  if (x->layout == ESP_FIELDS) {
    ESP_TRY(esp__channels_of(n, x, channels, 1, &channel, err));
    ESP_TRY(esp__taps_of(n, x, op, &tap, err));
  } else {
    ESP_TRY(esp__phase_window(n, op, x, channels, &channel, &tap, err));
  }
  *w = (weights){.param = p,
                 .channel = channel,
                 .tap = tap,
                 .taps = window.rows * window.columns,
                 .groups = op->attr.conv.groups};
  return ESP_OK;
}

/* ---- planning ---- */

static esp_status add_planar(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  const esp_pair stride = l->op->attr.conv.stride;
  int x = l->x, longest = 1;
  weights w;
  state *s;
  if (stride.rows * stride.columns > 1) ESP_TRY(esp__add_split(n, l->op, x, &x, err));
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  ESP_TRY(esp__stretches_of(n, &s->kernel, &n->place[x], &n->place[l->y], err));
  for (int i = 0; i < s->kernel.stretches; i++)
    longest = esp__most(longest, s->kernel.stretch[i].count);
  s->kernel.together = n->kernels->lists_together(longest);
  ESP_TRY(plan_weights(n, l->op, &n->place[x], &w, err));
  ESP_TRY(plan_rows(n, &s->kernel, &w, err));
  s->kernel.y_plane = (size_t)n->place[l->y].plane;
  s->kernel.finish = l->finish;
  return esp__step_add(
      n, &(esp__step){.run = run, .x = x, .more = l->more, .y = l->y, .state = s, .shares = true},
      err);
}

static esp_status add_in_fields(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  weights w;
  esp__field_cut cut;
  field_state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  ESP_TRY(esp__field_cut_of(n, l->op, &n->place[l->x], &n->place[l->y], &cut, err));
  s->kernel =
      (esp__field_lists){{.together = n->kernels->field_together(cut.shape.rows, cut.shape.columns),
                          .stretch = cut.stretch,
                          .stretches = cut.stretches},
                         cut.shape};
  ESP_TRY(plan_weights(n, l->op, &n->place[l->x], &w, err));
  ESP_TRY(plan_rows(n, &s->kernel.lists, &w, err));
  ESP_TRY(esp__fields_of(n, &n->place[l->y], &s->y, err));
  s->kernel.lists.y_plane = (size_t)n->place[l->y].plane;
  s->kernel.lists.finish = l->finish;
  return esp__step_add(
      n,
      &(esp__step){
          .run = run_fields, .x = l->x, .more = l->more, .y = l->y, .state = s, .shares = true},
      err);
}

esp_status esp__add_lists(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  return (n->place[l->y].layout == ESP_FIELDS ? add_in_fields : add_planar)(n, l, err);
}
