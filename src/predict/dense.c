/* Layers with all their weights: sums over blocks of channels. */
#include "base/integer.h"
#include "predict/network.h"

typedef struct state {
  esp__dense kernel;           /* but for x, y and the residual */
  const esp__packing *packing; /* NULL: all of them, always */
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

/* The weights that were packed for this image. */
static void take_packed(esp__dense *k, const esp__packed *packed) {
  k->channels = packed->channels;
  k->blocks = esp__ceil_div(packed->outputs, ESP_BLOCK);
  k->weight = packed->weight;
  k->row = packed->row;
  k->finish = packed->finish;
}

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state *plan = s->state;
  esp__dense own = plan->kernel;
  own.x = esp__at(s, s->x, memory);
  own.y = esp__at(s, s->y, memory);
  if (plan->packing) {
    const esp__packed packed = esp__packed_of(plan->packing, s, memory);
    take_packed(&own, &packed);
  } else if (s->more >= 0) {
    own.finish.residual = esp__at(s, s->more, memory);
  }
  if (s->partly)
    own.spots = esp__spots_first(&own.spots, esp__tokens_made(s, memory), k->dense_spots(),
                                 (esp__spot_group *)(void *)esp__scratch(s, memory));
  own.spots = esp__spots_shared(s, own.spots);
  k->dense(&own);
}

/* Whether the window is one pixel, and channels fill whole blocks. */
static bool is_by_blocks(const esp_operation *op, const esp__place *x, int taps) {
  const esp_pair padding = op->attr.conv.padding;
  return taps == 1 && !padding.rows && !padding.columns && x->layout == ESP_BLOCKED &&
         op->param[0]->shape[1] % ESP_BLOCK == 0;
}

/* A window of one pixel over whole blocks of channels is one of 16 over the blocks: the order of
 * the sums is the same, and the inner loop is longer. */
static esp_status plan_places(esp_network *n, const esp_operation *op, const esp__place *x,
                              bool choice, esp__dense *k, esp_error *err) {
  const esp_pair window = esp__window_of(op->param[0]);
  int32_t *channel, *tap;
  k->channels = x->shape.channels;
  k->taps = window.rows * window.columns;
  const bool by_blocks = !choice && is_by_blocks(op, x, k->taps);
  if (by_blocks) {
    k->channels /= ESP_BLOCK;
    k->taps = ESP_BLOCK;
  }
  ESP_TRY(esp__channels_of(n, x, k->channels, by_blocks ? ESP_BLOCK : 1, &channel, err));
  ESP_TRY(by_blocks ? esp__channels_of(n, x, ESP_BLOCK, 1, &tap, err)
                    : esp__taps_of(n, x, op, &tap, err));
  k->channel = channel;
  k->tap = tap;
  return ESP_OK;
}

/* All weights, in the order of the packs. */
static esp_status plan_weights(esp_network *n, esp__dense *k, const esp_param *w, esp_error *err) {
  float *weight;
  ESP_TRY(esp__store_alloc(
      &n->store, (size_t)(k->channels * k->taps) * (size_t)(k->blocks * ESP_BLOCK) * sizeof *weight,
      &weight, err));
  pack(k, w, weight);
  k->weight = weight;
  return ESP_OK;
}

/* All but the weights. */
static esp_status plan_kernel(esp_network *n, const esp_operation *op, const esp__place *x,
                              const esp__place *y, bool choice, esp__dense *k, esp_error *err) {
  *k = (esp__dense){.blocks = esp__place_planes(y), .y_block = (size_t)y->plane};
  ESP_TRY(esp__spots_of(n, x, y, op->attr.conv.stride, &k->spots, err));
  ESP_TRY(plan_places(n, op, x, choice, k, err));
  k->together = esp__dense_together_of(n, &k->spots, k->blocks);
  return ESP_OK;
}

esp_status esp__dense_kernel_of(esp_network *n, const esp_operation *op, const esp__place *x,
                                const esp__place *y, esp__dense *k, esp_error *err) {
  ESP_TRY(plan_kernel(n, op, x, y, false, k, err));
  return plan_weights(n, k, op->param[0], err);
}

esp_status esp__add_dense(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  const esp__place *x = &n->place[l->x], *y = &n->place[l->y];
  state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  if (n->partly)
    esp__scratch_at_least(n, (size_t)y->shape.width * sizeof(esp__spot_group) / sizeof(float));
  if (esp__has_choice(l)) {
    ESP_TRY(plan_kernel(n, l->op, x, y, true, &s->kernel, err));
    s->kernel.finish = l->finish;
    ESP_TRY(esp__add_packing(n, l, &s->packing, err));
  } else {
    ESP_TRY(esp__dense_kernel_of(n, l->op, x, y, &s->kernel, err));
    s->kernel.finish = l->finish;
  }
  return esp__step_add(
      n,
      &(esp__step){.run = run, .x = l->x, .more = l->more, .y = l->y, .state = s, .shares = true},
      err);
}
