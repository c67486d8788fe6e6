/* Attention, 16 queries of a head at a time: their channels are brought side by side, and what they
 * get goes back to where the layer behind reads it. */
#include "base/integer.h"
#include "predict/network.h"

#include <math.h>

typedef struct state {
  int heads, channels; /* channels: of a head */
  bool causal;
  float scale;
  const int32_t *x, *y; /* where the channels lie */
} state;

/* The memory of a tile. */
typedef struct tile {
  float *valid, *query, *y, *share;
} tile;

static tile tile_at(const esp__step *s, float *memory) {
  const size_t floats = (size_t)((const state *)s->state)->channels * ESP_BLOCK;
  float *at = esp__scratch(s, memory);
  return (tile){at, at + ESP_BLOCK, at + ESP_BLOCK + floats, at + ESP_BLOCK + 2 * floats};
}

/* Tokens of some channels side by side; those behind the last are as it. */
static void take_queries(const state *a, const float *x, const int32_t *channel, int step,
                         int first, int last, float *to) {
  for (int c = 0; c < a->channels; c++)
    for (int i = 0; i < ESP_BLOCK; i++)
      to[c * ESP_BLOCK + i] = x[channel[c] + esp__least(first + i, last) * step];
}

static void give_outputs(const state *a, const float *from, const int32_t *channel, int step,
                         int first, int count, float *y) {
  for (int c = 0; c < a->channels; c++)
    for (int i = 0; i < count; i++) y[channel[c] + (first + i) * step] = from[c * ESP_BLOCK + i];
}

/* How many keys each query may look at. */
static void find_valid(const state *a, int first, int keys, float *valid) {
  for (int i = 0; i < ESP_BLOCK; i++)
    valid[i] = (float)(a->causal ? esp__least(first + i + 1, keys) : keys);
}

/* The queries of a head from number `first` on, of `queries` in all. */
static void run_tile(const esp__predict_kernels *k, const esp__step *s, float *memory, int head,
                     int first, int queries) {
  const state *a = s->state;
  const esp__place *x = esp__place_at(s, s->x), *y = esp__place_at(s, s->y);
  const int offset = head * a->channels, all = a->heads * a->channels, step = esp__place_lanes(x);
  const float *from = esp__at(s, s->x, memory);
  const tile t = tile_at(s, memory);
  const esp__attention_tile own = {.channels = a->channels,
                                   .keys = esp__tokens_read(s, memory),
                                   .step = step,
                                   .scale = a->scale,
                                   .query = t.query,
                                   .x = from,
                                   .key = a->x + all + offset,
                                   .value = a->x + 2 * all + offset,
                                   .valid = t.valid,
                                   .share = t.share,
                                   .y = t.y};
  find_valid(a, first, own.keys, t.valid);
  take_queries(a, from, a->x + offset, step, first, queries - 1, t.query);
  k->attend_tile(&own);
  give_outputs(a, t.y, a->y + offset, esp__place_lanes(y), first,
               esp__least(ESP_BLOCK, queries - first), esp__at(s, s->y, memory));
}

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state *a = s->state;
  const int queries = esp__tokens_made(s, memory), tiles = esp__ceil_div(queries, ESP_BLOCK);
  const esp__share share = esp__share_of(s, a->heads * tiles);
  for (int i = share.first; i < share.first + share.count; i++)
    run_tile(k, s, memory, i / tiles, i % tiles * ESP_BLOCK, queries);
}

esp_status esp__plan_attention(esp_network *n, const esp_operation *op, esp__step *step,
                               esp_error *err) {
  const esp__place *x = &n->place[step->x], *y = &n->place[step->y];
  const int channels = y->shape.channels / op->attr.attention.heads;
  int32_t *from, *to;
  state *a;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *a, &a, err));
  ESP_TRY(esp__channels_of(n, x, x->shape.channels, 1, &from, err));
  ESP_TRY(esp__channels_of(n, y, y->shape.channels, 1, &to, err));
  *a = (state){.heads = op->attr.attention.heads,
               .channels = channels,
               .causal = op->attr.attention.causal,
               .scale = 1.0f / sqrtf((float)channels),
               .x = from,
               .y = to};
  esp__scratch_at_least(n, (1 + 2 * (size_t)channels + (size_t)x->shape.width) * ESP_BLOCK);
  step->run = run;
  step->state = a;
  step->shares = true;
  return ESP_OK;
}
