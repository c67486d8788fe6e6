/* What methods with learned scores, thresholds or gates share. */
#ifndef ESP_PRUNE_REPARAMETRISED_H
#define ESP_PRUNE_REPARAMETRISED_H

#include "base/mathx.h"
#include "prune/catalogue.h"
#include "prune/pruner.h"

static inline double esp__sigmoid(double x) {
  return 1.0 / (1.0 + esp__exp(-x));
}

/* One step of SGD with momentum on a number of the state. A gradient that is not finite moves
 * nothing. */
static inline void esp__reparametrised_move(float *x, float *velocity, double gradient,
                                            const esp_step_ctx *now) {
  const double v = now->momentum * (double)*velocity + gradient, to = (double)*x - now->lr * v;
  if (!(to > -1e9 && to < 1e9 && v > -1e30 && v < 1e30)) return;
  *velocity = (float)v;
  *x = (float)to;
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
