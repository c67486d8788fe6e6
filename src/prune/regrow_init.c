#include "prune/regrow_init.h"

/* Whether the weight is there and its unit begins: is kept now and was not before. */
static bool begins(const esp_pruner *p, const esp_ranking_pool *t, const esp_slice *s,
                   size_t weight, const uint8_t *before) {
  const uint32_t unit = esp_slice_unit(s, weight);
  return unit != ESP_NO_UNIT && p->keep[t->first + unit] && !before[t->first + unit] &&
         s->param->mask->keep[weight];
}

/* A channel that begins needs its batch norm as well as its weights: 0 times 0 would have no
 * gradient. */
static void begin_slice(const esp_pruner *p, const esp_ranking_pool *t, const esp_slice *s,
                        esp_key key, const uint8_t *before) {
  const double deviation = s->scored ? esp_layer_deviation(s->layer) : 0.0;
  if (!s->scored && s->param->role != ESP_ROLE_BN_SCALE) return;
  for (size_t k = 0; k < s->param->count; k++)
    if (begins(p, t, s, k, before))
      s->param->value[k] = s->scored ? (float)(deviation * esp_random_normal(key, k)) : 1.0f;
}

void esp__regrow_init(const esp_pruner *p, const uint8_t *before) {
  for (int i = 0; i < p->targets; i++) {
    const esp_key key = esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i);
    for (int k = 0; k < p->target[i].slices; k++)
      begin_slice(p, &p->target[i], &p->target[i].slice[k], k ? esp_key_of(key, (uint64_t)k) : key,
                  before);
  }
}
