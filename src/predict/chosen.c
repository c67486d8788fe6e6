/* Convolutions between gates: of an image only those outputs are computed that the gate behind lets
 * through, from those channels that the gate before let through. Where these differ from image to
 * image, so do the weights; they are packed for each image, and what follows the sums with them.
 * Values of chosen channels lie side by side, in the order of their numbers. */
#include "base/integer.h"
#include "predict/network.h"

#include <string.h>

/* ---- which ---- */

static size_t list_floats(int channels) {
  return 4 * esp__whole_blocks(channels);
}

/* Whether channel c is chosen: its factor is not 0; where all are, the first; without `by` all. */
static bool is_chosen(const float *by, int channels, int c) {
  bool any = false;
  if (!by || by[c] != 0.0f) return true;
  for (int i = 0; i < channels && c == 0 && !any; i++) any = by[i] != 0.0f;
  return c == 0 && !any;
}

/* Lists the chosen channels in `memory` of list_floats; *number becomes their numbers. */
static esp__chosen list_chosen(const esp__predict_kernels *k, const float *by, int channels,
                               float *memory, const int32_t **number) {
  const int all = (int)esp__whole_blocks(channels), vector = k->vector;
  int32_t *first = (int32_t *)(void *)memory, *pack = first + all, *spread = pack + all,
          *chosen = spread + all, count = 0;
  memset(first, 0, 4 * (size_t)all * sizeof *first);
  for (int v = 0; v < all / vector; v++) {
    first[v] = count;
    for (int l = 0, c = v * vector; l < vector && c < channels; l++, c++) {
      if (!is_chosen(by, channels, c)) continue;
      spread[c] = count - first[v];
      pack[v * vector + spread[c]] = l;
      chosen[count++] = c;
    }
  }
  *number = chosen;
  return (esp__chosen){count, all / vector, first, pack, spread};
}

/* ---- weights ---- */

struct esp__packing {
  const float *weight; /* [channels][taps][whole blocks of outputs] */
  int taps, channels, outputs;
  int by, from; /* places of what chooses outputs and channels; -1: all */
  size_t row;   /* of outputs that may be chosen, in whole blocks */
  esp__finish finish;
};

/* What is packed: a head, then lists of numbers by output, then the weights. */
typedef struct head {
  int32_t channels, outputs;
} head;
enum { HEAD_FLOATS = ESP_BLOCK, LISTS = 4 };

static float *list_at(const esp__packing *p, float *packed, int list) {
  return packed + HEAD_FLOATS + (size_t)list * p->row;
}

esp__packed esp__packed_of(const esp__packing *p, const esp__step *s, float *memory) {
  float *packed = esp__packed_memory(s, memory);
  head h;
  memcpy(&h, packed, sizeof h);
  return (esp__packed){.channels = h.channels,
                       .outputs = h.outputs,
                       .weight = list_at(p, packed, LISTS),
                       .row = p->row,
                       .finish = {.bias = p->finish.bias ? list_at(p, packed, 0) : NULL,
                                  .scale = p->finish.scale ? list_at(p, packed, 1) : NULL,
                                  .shift = p->finish.scale ? list_at(p, packed, 2) : NULL,
                                  .relu = p->finish.relu,
                                  .factor = p->by >= 0 ? list_at(p, packed, 3) : NULL}};
}

static void pack_lists(const esp__packing *p, const float *by, const int32_t *output, int outputs,
                       float *packed) {
  const float *const list[LISTS] = {p->finish.bias, p->finish.scale, p->finish.shift, by};
  for (int i = 0; i < LISTS; i++)
    for (int o = 0; list[i] && o < outputs; o++) list_at(p, packed, i)[o] = list[i][output[o]];
}

static void run_packing(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__packing *p = s->state;
  const float *by = p->by < 0 ? NULL : esp__at(s, p->by, memory),
              *from = p->from < 0 ? NULL : esp__at(s, p->from, memory);
  float *lists = esp__scratch(s, memory), *packed = esp__packed_memory(s, memory);
  const int32_t *output, *channel;
  const esp__chosen outputs = list_chosen(k, by, p->outputs, lists, &output),
                    channels = list_chosen(k, from, p->channels, lists + list_floats(p->outputs),
                                           &channel);
  const head h = {channels.count, outputs.count};
  memcpy(packed, &h, sizeof h);
  pack_lists(p, by, output, outputs.count, packed);
  k->pack_chosen(&(esp__pack_chosen){.weight = p->weight,
                                     .channel = channel,
                                     .channels = channels.count,
                                     .taps = p->taps,
                                     .outputs = outputs,
                                     .to = list_at(p, packed, LISTS),
                                     .row = p->row});
}

/* Output by output as in the parameter to channel by channel. */
static esp_status keep_weights(esp_network *n, esp__packing *p, const esp_param *w,
                               esp_error *err) {
  const size_t all = esp__whole_blocks(p->outputs), rows = (size_t)(p->channels * p->taps);
  float *to;
  ESP_TRY(esp__store_alloc(&n->store, rows * all * sizeof *to, &to, err));
  for (size_t i = 0; i < w->count; i++) to[i % rows * all + i / rows] = w->value[i];
  p->weight = to;
  return ESP_OK;
}

/* A vector of the last row may overhang. */
static void reserve(esp_network *n, const esp__packing *p, int channels) {
  const size_t floats =
      HEAD_FLOATS + LISTS * p->row + (size_t)(channels * p->taps) * p->row + ESP_BLOCK;
  if (floats > n->packed_floats) n->packed_floats = floats;
  esp__scratch_at_least(n, list_floats(p->outputs) + list_floats(p->channels));
}

esp_status esp__add_packing(esp_network *n, const esp__layer_plan *l, const esp__packing **packing,
                            esp_error *err) {
  const esp_param *w = l->op->param[0];
  esp__packing *p;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *p, &p, err));
  *p = (esp__packing){.taps = w->shape[2] * w->shape[3],
                      .channels = w->shape[1],
                      .outputs = w->shape[0],
                      .by = l->by,
                      .from = l->from,
                      .row = esp__whole_blocks(n->place[l->y].shape.channels),
                      .finish = l->finish};
  ESP_TRY(keep_weights(n, p, w, err));
  reserve(n, p, n->place[l->x].shape.channels);
  *packing = p;
  return esp__step_add(n,
                       &(esp__step){.run = run_packing,
                                    .x = l->by < 0 ? l->from : l->by,
                                    .more = l->by < 0 ? -1 : l->from,
                                    .y = l->y,
                                    .state = p},
                       err);
}

/* ---- values ---- */

static esp__planes planes_of(const esp__step *s, int place, float *memory) {
  const esp__place *p = esp__place_at(s, place);
  return (esp__planes){esp__at(s, place, memory), (size_t)p->row, (size_t)p->plane};
}

static void run_spread(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__spread_plan *p = s->state;
  const esp__planes none = {0};
  const float *by = esp__at(s, p->by, memory);
  const int channels = esp__place_at(s, p->to)->shape.channels;
  float *lists = esp__scratch(s, memory);
  const int32_t *number;
  k->spread(&(esp__spread){.e = esp__place_extents(esp__place_at(s, p->from)),
                           .x = planes_of(s, p->from, memory),
                           .more = p->more < 0 ? none : planes_of(s, p->more, memory),
                           .y = planes_of(s, p->to, memory),
                           .relu = p->relu,
                           .channels = list_chosen(k, by, channels, lists, &number),
                           .by = by,
                           .pixels = lists + list_floats(channels)});
}

esp_status esp__add_spread(esp_network *n, const esp__spread_plan *plan, esp_error *err) {
  const int blocks = esp__place_planes(&n->place[plan->from]);
  esp__spread_plan *own;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *own, &own, err));
  *own = *plan;
  esp__place_read(n, plan->by);
  esp__scratch_at_least(n, list_floats(n->place[plan->to].shape.channels) +
                               (size_t)(ESP_SPREAD_PIXELS * (blocks + 1) * ESP_BLOCK));
  return esp__step_add(
      n,
      &(esp__step){
          .run = run_spread, .x = plan->from, .more = plan->more, .y = plan->to, .state = own},
      err);
}
