#include "prune/dynamic/regrow.h"

#include "base/mathx.h"
#include "prune/catalogue.h"
#include "base/select.h"

#include <math.h>
#include <stdlib.h>

static const esp_option table[] = {
    {"drop_fraction", ESP_OPTION_REAL, offsetof(esp__regrow_options, drop_fraction), "0.3", 0, 1,
     NULL,
     "set, rigl, granet: share of a layer's weights that move in a mask change (rigl, granet: "
     "of the first; falls along half a cosine); grow: "
     "share of the units that goes when the loss stalls, half of what comes"},
    {.name = NULL}};
const esp_method_keys esp__regrow_keys = {table, sizeof(esp__regrow_options), .after = "ramps"};

double esp__drop_fraction(const esp_pruner *p) {
  const esp__regrow_options *o = esp_prune_keys(p->opt, &esp__regrow_keys);
  return o->drop_fraction;
}

esp_status esp__random_mask(esp_pruner *p, double sparsity, esp_error *err) {
  esp_pruner_score(p, &esp__criterion_random);
  ESP_TRY(esp_pruner_choose(p, sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}

double esp__cosine_fraction(const esp_pruner *p, double t) {
  return esp__drop_fraction(p) * 0.5 * (1.0 + esp__cos(3.14159265358979323846 * t));
}

/* How many weights of the layer move. */
static size_t moving(const esp_ranking_pool *pool, double fraction) {
  const size_t kept = pool->weight->mask->kept, absent = pool->units - kept,
               n = (size_t)(fraction * (double)kept);
  return n < absent ? n : absent;
}

/* Leaves in p->keep the layers' best units by score: kept - dropped of those there, or all there
 * and the best of the others. */
static void choose(esp_pruner *p, const size_t *count, bool growing) {
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    float *score = p->score + pool->first;
    for (size_t u = 0; u < pool->units; u++) {
      if (pool->weight->mask->keep[u] && growing) score[u] = INFINITY;
      if (!pool->weight->mask->keep[u] && !growing) score[u] = -INFINITY;
    }
    const size_t kept = pool->weight->mask->kept;
    esp__select_top(score, pool->units, growing ? kept + count[i] : kept - count[i],
                    p->keep + pool->first);
  }
  esp_pruner_commit(p);
}

esp_status esp__exchange(esp_pruner *p, double fraction, const esp_criterion *grow,
                         esp_error *err) {
  size_t *count = malloc((size_t)p->pools * sizeof *count);
  if (!count) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the scores");
  for (int i = 0; i < p->pools; i++) count[i] = moving(&p->pool[i], fraction);
  esp_pruner_score(p, &esp__criterion_magnitude);
  choose(p, count, false);
  esp_pruner_score(p, grow);
  choose(p, count, true);
  free(count);
  return ESP_OK;
}

esp_status esp__regrow(esp_pruner *p, double fraction, const esp_criterion *grow, esp_error *err) {
  return esp_pruner_changes(p) == 0 ? esp__random_mask(p, p->opt->sparsity, err)
                                    : esp__exchange(p, fraction, grow, err);
}
