/* The control that keeps a method's densities and gives up its positions (Frankle et al. 2021). */
#include "prune/pruner.h"

#include <math.h>
#include <stdlib.h>

/* A permutation of the scores that are not -INFINITY; `place` has room for n. */
static void shuffle(float *score, size_t n, esp_key key, uint32_t *place) {
  uint32_t there = 0;
  for (size_t u = 0; u < n; u++)
    if (score[u] > -INFINITY) place[there++] = (uint32_t)u;
  for (uint32_t i = there; i-- > 1;) {
    const uint32_t a = place[i], b = place[esp_random_below(key, i, i + 1)];
    const float held = score[a];
    score[a] = score[b];
    score[b] = held;
  }
}

esp_status esp__pruner_shuffle(esp_pruner *p, esp_error *err) {
  uint32_t *place = malloc(p->units * sizeof *place);
  if (!place) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the scores");
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    /* A stream of its own: `random` draws from the key above it, and from those of the slices. */
    const esp_key key =
        esp_key_of(esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i), UINT64_MAX);
    shuffle(p->score + pool->first, pool->units, key, place);
  }
  free(place);
  return ESP_OK;
}
