/* A window of each channel by itself. */
#include "predict/network.h"

typedef struct state {
  esp__depthwise kernel; /* but for x, y and the residual */
} state;

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  esp__depthwise own = ((const state *)s->state)->kernel;
  own.x = esp__at(s, s->x, memory);
  own.y = esp__at(s, s->y, memory);
  if (s->more >= 0) own.finish.residual = esp__at(s, s->more, memory);
  own.spots = esp__spots_shared(s, own.spots);
  k->depthwise(&own);
}

static void pack(const esp_param *w, int taps, float *to) {
  for (int c = 0; c < w->shape[0]; c++)
    for (int t = 0; t < taps; t++)
      to[(size_t)(c / ESP_BLOCK * taps + t) * ESP_BLOCK + (size_t)(c % ESP_BLOCK)] =
          w->value[(size_t)c * (size_t)taps + (size_t)t];
}

esp_status esp__add_depthwise(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  const esp_param *w = l->op->param[0];
  const esp__place *x = &n->place[l->x], *y = &n->place[l->y];
  const int taps = w->shape[2] * w->shape[3], blocks = esp__place_planes(y);
  esp__spots spots;
  int32_t *tap;
  float *weight;
  state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  ESP_TRY(esp__taps_of(n, x, l->op, &tap, err));
  ESP_TRY(esp__spots_of(n, x, y, l->op->attr.conv.stride, &spots, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(blocks * taps * ESP_BLOCK) * sizeof *weight, &weight,
                           err));
  pack(w, taps, weight);
  s->kernel = (esp__depthwise){.x_block = (size_t)x->plane,
                               .tap = tap,
                               .taps = taps,
                               .weight = weight,
                               .blocks = blocks,
                               .y_block = (size_t)y->plane,
                               .spots = spots,
                               .finish = l->finish};
  return esp__step_add(
      n,
      &(esp__step){.run = run, .x = l->x, .more = l->more, .y = l->y, .state = s, .shares = true},
      err);
}
