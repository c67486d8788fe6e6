#include "prune/dynamic/regrow.h"

#include "prune/catalogue.h"
#include "prune/select.h"

#include <math.h>
#include <stdlib.h>

static esp_status begin(esp_pruner *p, esp_error *err) {
  esp_pruner_score(p, &esp_criterion_random);
  ESP_TRY(esp_pruner_choose(p, p->opt->sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}

/* How many weights of the layer move. */
static size_t moving(const esp_target *t, double fraction) {
  const size_t kept = t->weight->mask->kept, absent = t->units - kept, n = (size_t)(fraction * (double)kept);
  return n < absent ? n : absent;
}

/* Leaves in p->keep the layers' best units by score: kept - dropped of those there, or all there and the best
 * of the others. */
static void choose(esp_pruner *p, const size_t *count, bool growing, uint64_t *scratch) {
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    float *score = p->score + t->first;
    for (size_t u = 0; u < t->units; u++) {
      if (t->weight->mask->keep[u] && growing) score[u] = INFINITY;
      if (!t->weight->mask->keep[u] && !growing) score[u] = -INFINITY;
    }
    const size_t kept = t->weight->mask->kept;
    esp_select_top(score, t->units, growing ? kept + count[i] : kept - count[i], p->keep + t->first, scratch);
  }
  esp_pruner_commit(p);
}

esp_status esp_regrow(esp_pruner *p, double fraction, const esp_criterion *grow, esp_error *err) {
  if (esp_pruner_changes(p) == 0) return begin(p, err);
  uint64_t *scratch = malloc(p->units * sizeof *scratch);
  size_t *count = malloc((size_t)p->targets * sizeof *count);
  esp_status status =
      scratch && count ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the scores");
  if (status == ESP_OK) {
    for (int i = 0; i < p->targets; i++) count[i] = moving(&p->target[i], fraction);
    esp_pruner_score(p, &esp_criterion_magnitude);
    choose(p, count, false, scratch);
    esp_pruner_score(p, grow);
    choose(p, count, true, scratch);
  }
  free(scratch);
  free(count);
  return status;
}
