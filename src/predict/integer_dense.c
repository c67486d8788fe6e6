/* Convolutions and linear layers of 8-bit integers with all their weights. */
#include "base/integer.h"
#include "predict/integer_layers.h"

typedef struct dense_state {
  const esp__integer_kernels *kernels;
  esp__integer_dense kernel; /* but for x, y and what is added */
} dense_state;

static void run_dense(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const dense_state *state = s->state;
  esp__integer_dense own = state->kernel;
  (void)k;
  own.x = esp__words_at(s, s->x, memory);
  own.y = esp__words_at(s, s->y, memory);
  own.finish.with = esp__words_at(s, s->more, memory);
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
static esp_status pack(esp_network *n, const esp__integer_weights *w, esp__integer_dense *k,
                       esp_error *err) {
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
        if (output < w->param->shape[0])
          *to = esp__integer_word(w, output, i / w->taps, i % w->taps);
      }
  }
  return ESP_OK;
}

esp_status esp__add_integer_dense(esp_network *n, const esp__integer_plan *l, esp_error *err) {
  const esp__integer_weights w = esp__integer_weights_of(l);
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
  ESP_TRY(esp__integer_finish_of(n, l, s->kernels->offset, &s->kernel.finish, err));
  ESP_TRY(esp__integer_step(n, l, l->x, run_dense, s, err));
  return y->layout == ESP_FIELDS ? esp__add_field_fill(n, l->y, err) : ESP_OK;
}
