#include "prune/regrow_init.h"

#include "prune/catalogue.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* Whether the weight is there and its unit begins: is kept now and was not before. */
static bool begins(const esp_pruner *p, const esp_ranking_pool *pool, const esp_slice *s,
                   size_t weight, const uint8_t *before) {
  const uint32_t unit = esp_slice_unit(s, weight);
  return unit != ESP_NO_UNIT && p->keep[pool->first + unit] && !before[pool->first + unit] &&
         s->param->mask->keep[weight];
}

/* A channel that begins needs its batch norm as well as its weights: 0 times 0 would have no
 * gradient. */
static void begin_slice(const esp_pruner *p, const esp_ranking_pool *pool, const esp_slice *s,
                        esp_key key, const uint8_t *before) {
  const double deviation = s->scored ? esp_layer_deviation(p->model, s->layer) : 0.0;
  if (!s->scored && s->param->role != ESP_ROLE_BN_SCALE) return;
  for (size_t k = 0; k < s->param->count; k++)
    if (begins(p, pool, s, k, before))
      s->param->value[k] = s->scored ? (float)(deviation * esp_random_normal(key, k)) : 1.0f;
}

/* After a commit: gives the weights of units that p->keep has and `before` [units] had not values
 * drawn as at the start of training, by the key of this mask change, and their batch norms a scale
 * of 1. */
static void begin_all(const esp_pruner *p, const uint8_t *before) {
  for (int i = 0; i < p->pools; i++) {
    const esp_key key = esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i);
    for (int k = 0; k < p->pool[i].slices; k++)
      begin_slice(p, &p->pool[i], &p->pool[i].slice[k], k ? esp_key_of(key, (uint64_t)k) : key,
                  before);
  }
}

esp_status esp__grow_random(esp_pruner *p, double sparsity, esp_error *err) {
  uint8_t *before = malloc(p->units);
  if (!before) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
  memcpy(before, p->keep, p->units);
  esp_pruner_score(p, &esp__criterion_random);
  for (size_t u = 0; u < p->units; u++)
    if (before[u]) p->score[u] = FLT_MAX;
  const esp_status status = esp_pruner_choose(p, sparsity, err);
  if (status == ESP_OK) {
    esp_pruner_commit(p);
    begin_all(p, before);
  }
  free(before);
  return status;
}
