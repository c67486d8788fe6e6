/* Layers with all their weights: sums over blocks of channels. */
#include "predict/network.h"

typedef struct state {
  esp__dense kernel; /* but for x, y and the residual */
} state;

int esp__dense_pack_blocks(int left, int together) {
  while (together > left) together /= 2;
  return together;
}

int esp__dense_together_of(const esp_network *n, const esp__spots *spots, int blocks) {
  int most = 1, together = 1;
  for (int g = 0; g < spots->groups; g++)
    if (spots->group[g].count > most) most = spots->group[g].count;
  const int fit = n->kernels->dense_together(most);
  while (2 * together <= fit && 2 * together <= blocks) together *= 2;
  return together;
}

/* Weight (o, c, t) of the layer, in the order of the packs. */
static void pack(const esp__dense *k, const esp_param *w, float *to) {
  const int outputs = w->shape[0];
  for (int first = 0, blocks; first < k->blocks; first += blocks) {
    blocks = esp__dense_pack_blocks(k->blocks - first, k->together);
    for (int i = 0; i < k->channels * k->taps; i++)
      for (int o = 0; o < blocks * ESP_BLOCK; o++, to++) {
        const int output = first * ESP_BLOCK + o;
        if (output < outputs)
          *to = w->value[(size_t)output * (size_t)(k->channels * k->taps) + (size_t)i];
      }
  }
}

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  esp__dense own = ((const state *)s->state)->kernel;
  own.x = esp__at(s, s->x, memory);
  own.y = esp__at(s, s->y, memory);
  if (s->more >= 0) own.finish.residual = esp__at(s, s->more, memory);
  own.spots = esp__spots_shared(s, own.spots);
  k->dense(&own);
}

/* Where channels lie, `lanes` of which stand one behind the other. */
static esp_status channels_apart(esp_network *n, int channels, int lanes, size_t plane,
                                 int32_t **channel, esp_error *err) {
  ESP_TRY(esp__store_alloc(&n->store, (size_t)channels * sizeof **channel, channel, err));
  for (int c = 0; c < channels; c++) (*channel)[c] = c / lanes * (int32_t)plane + c % lanes;
  return ESP_OK;
}

/* A window of one pixel over whole blocks of channels is one of 16 over the blocks: the order of
 * the sums is the same, and the inner loop is longer. */
static esp_status one_tap(esp_network *n, int channels, size_t block, esp__dense *k,
                          esp_error *err) {
  const bool whole = channels % ESP_BLOCK == 0;
  int32_t *channel, *tap;
  k->channels = whole ? channels / ESP_BLOCK : channels;
  k->taps = whole ? ESP_BLOCK : 1;
  ESP_TRY(channels_apart(n, k->channels, whole ? 1 : ESP_BLOCK, block, &channel, err));
  ESP_TRY(channels_apart(n, k->taps, ESP_BLOCK, block, &tap, err));
  k->channel = channel;
  k->tap = tap;
  return ESP_OK;
}

static esp_status plan_places(esp_network *n, const esp_operation *op, const esp__place *x,
                              esp__dense *k, esp_error *err) {
  const esp_param *w = op->param[0];
  int32_t *channel, *tap;
  k->taps = w->rank == 4 ? w->shape[2] * w->shape[3] : 1;
  const esp_pair padding = op->attr.conv.padding;
  if (k->taps == 1 && x->layout == ESP_BLOCKED && !padding.rows && !padding.columns)
    return one_tap(n, w->shape[1], (size_t)x->plane, k, err);
  k->channels = w->shape[1];
  ESP_TRY(channels_apart(n, k->channels, esp__place_lanes(x), (size_t)x->plane, &channel, err));
  ESP_TRY(esp__taps_of(n, x, op, &tap, err));
  k->channel = channel;
  k->tap = tap;
  return ESP_OK;
}

esp_status esp__add_dense(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  const esp_param *w = l->op->param[0];
  const esp__place *x = &n->place[l->x], *y = &n->place[l->y];
  float *weight;
  state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  s->kernel = (esp__dense){
      .blocks = esp__place_planes(y), .y_block = (size_t)y->plane, .finish = l->finish};
  ESP_TRY(esp__spots_of(n, x, y, l->op->attr.conv.stride, &s->kernel.spots, err));
  ESP_TRY(plan_places(n, l->op, x, &s->kernel, err));
  s->kernel.together = esp__dense_together_of(n, &s->kernel.spots, s->kernel.blocks);
  ESP_TRY(esp__store_alloc(&n->store,
                           (size_t)(s->kernel.channels * s->kernel.taps) *
                               (size_t)(s->kernel.blocks * ESP_BLOCK) * sizeof *weight,
                           &weight, err));
  pack(&s->kernel, w, weight);
  s->kernel.weight = weight;
  return esp__step_add(n,
                       &(esp__step){.run = run,
                                    .x = l->x,
                                    .more = l->more,
                                    .y = l->y,
                                    .state = s,
                                    .name = w->name,
                                    .shares = true},
                       err);
}
