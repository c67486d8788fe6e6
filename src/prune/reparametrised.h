/* What methods with learned scores, thresholds or gates share. */
#ifndef ESP_PRUNE_REPARAMETRISED_H
#define ESP_PRUNE_REPARAMETRISED_H

#include "base/mathx.h"
#include "prune/catalogue.h"
#include "prune/pruner.h"

static inline double esp__sigmoid(double x) {
  return 1.0 / (1.0 + esp__exp(-x));
}

/* The optimiser's step on numbers of a state that has a momentum and a second moment behind it. */
static inline void esp__reparametrised_move(const esp_pruner *p, int state, size_t first, int count,
                                            const double *gradient, const esp_step_ctx *now) {
  const esp_optimiser_numbers numbers = {.opt = now->train,
                                         .lr = now->lr,
                                         .number = now->update,
                                         .count = (size_t)count,
                                         .value = p->state[state] + first,
                                         .momentum = p->state[state + 1] + first,
                                         .second_moment = p->state[state + 2] + first};
  esp_optimiser_move(&numbers, gradient);
}

/* Masks from p->weight_score: what is above 0 until the end, where t = 1 and the best stay at the
 * sparsity asked for. */
static inline esp_status esp__reparametrised_masks(esp_pruner *p, double t, esp_error *err) {
  esp__pruner_unit_scores(p);
  if (t >= 1.0)
    ESP_TRY(esp_pruner_choose(p, p->opt->sparsity, err));
  else
    esp_pruner_choose_above(p, 0.0f);
  esp_pruner_commit(p);
  return ESP_OK;
}

/* value = shadow: for methods that only bring a decay of their own. */
static inline void esp__shadow_reparametrize(const esp_pruner *p, int slice, float *value) {
  const esp_param *w = p->scored[slice].slice->param;
  for (size_t k = 0; k < w->count; k++) value[k] = w->shadow[k];
}

#endif
