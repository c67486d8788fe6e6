#include "prune/dynamic/regrow.h"

#include "base/select.h"
#include "prune/catalogue.h"

#include <math.h>

esp_status esp__random_mask(esp_pruner *p, double sparsity, esp_error *err) {
  esp_pruner_score(p, &esp__criterion_random);
  ESP_TRY(esp_pruner_choose(p, sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}

/* How many weights of the layer move. */
static size_t moving(const esp_ranking_pool *pool, double fraction) {
  const size_t kept = pool->weight->mask->kept, absent = pool->units - kept,
               n = (size_t)(fraction * (double)kept);
  return n < absent ? n : absent;
}

/* Leaves in p->keep the layers' best units by score: of those there all but the fraction that
 * moves, or what p->keep has then and the best of the others. */
static void choose(esp_pruner *p, double fraction, bool growing) {
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    const esp_mask *mask = pool->weight->mask;
    float *score = p->score + pool->first;
    uint8_t *keep = p->keep + pool->first;
    for (size_t u = 0; u < pool->units; u++) {
      if (growing && keep[u]) score[u] = INFINITY;
      if (!growing && !mask->keep[u]) score[u] = -INFINITY;
    }
    esp__select_top(score, pool->units, mask->kept - (growing ? 0 : moving(pool, fraction)), keep);
  }
}

/* What grows takes its first step with the next batch: the gradient that chose it, among so many,
 * overstates it. */
static void hold_back(esp_pruner *p) {
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    esp_param *w = pool->weight;
    for (size_t u = 0; u < pool->units; u++)
      if (p->keep[pool->first + u] && !w->mask->keep[u]) w->grad[u] = 0.0f;
  }
}

void esp__exchange(esp_pruner *p, double fraction, const esp_criterion *grow) {
  esp_pruner_score(p, &esp__criterion_magnitude);
  choose(p, fraction, false);
  esp_pruner_score(p, grow);
  choose(p, fraction, true);
  hold_back(p);
  esp_pruner_commit(p);
}

esp_status esp__regrow(esp_pruner *p, double fraction, const esp_criterion *grow, esp_error *err) {
  if (esp_pruner_changes(p) == 0) return esp__random_mask(p, p->opt->sparsity, err);
  esp__exchange(p, fraction, grow);
  return ESP_OK;
}
