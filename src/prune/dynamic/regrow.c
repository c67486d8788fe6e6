#include "prune/dynamic/regrow.h"

#include "base/mathx.h"
#include "prune/catalogue.h"
#include "base/select.h"

#include <math.h>
#include <string.h>

static const char *schedule_name(size_t i) {
  static const char *const names[] = {"auto", "constant", "cosine"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const esp_option table[] = {
    {"drop_fraction", ESP_OPTION_REAL, offsetof(esp__regrow_options, drop_fraction), "0.3", 0, 1,
     NULL,
     "set, rigl, granet: share of a layer's weights that move in the first mask change; grow: "
     "share of the units that goes when the loss stalls, half of what comes"},
    {"drop_schedule", ESP_OPTION_CHOICE, offsetof(esp__regrow_options, drop_schedule), "auto", 0, 0,
     schedule_name,
     "set, rigl, granet: whether that share stays (constant) or falls along half a cosine, to "
     "nothing in the last change; auto: as the method's paper has it, set constant, rigl and "
     "granet cosine"},
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

double esp__moving_share(const esp_pruner *p, double t, bool falls) {
  const esp__regrow_options *o = esp_prune_keys(p->opt, &esp__regrow_keys);
  if (strcmp(o->drop_schedule, "auto") != 0) falls = strcmp(o->drop_schedule, "cosine") == 0;
  if (!falls) return o->drop_fraction;
  return o->drop_fraction * 0.5 * (1.0 + esp__cos(3.14159265358979323846 * t));
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
