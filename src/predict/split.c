/* Strided layers over planes: these are split into those of every stride-th row and column. */
#include "base/integer.h"
#include "predict/network.h"

typedef struct split_state {
  esp_pair stride;
} split_state;

static int phases_of(esp_pair stride) {
  return stride.rows * stride.columns;
}

/* The channels of one pixel stand one behind the other. */
static void split(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *x = esp__place_at(s, s->x);
  const esp__planes from = {esp__at(s, s->x, memory), (size_t)x->row,
                            x->layout == ESP_PLANAR ? (size_t)x->plane : 1},
                    to = esp__planes_at(s, s->y, memory);
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
  const esp_pair window = esp__window_of(op->param[0]), stride = op->attr.conv.stride,
                 padding = op->attr.conv.padding;
  const int columns = window.columns, taps = window.rows * columns;
  ESP_TRY(esp__channels_of(n, x, channels, phases_of(stride), channel, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)taps * sizeof **tap, tap, err));
  for (int t = 0; t < taps; t++)
    (*tap)[t] = phase_tap(x, t / columns - padding.rows, t % columns - padding.columns, stride);
  return ESP_OK;
}
