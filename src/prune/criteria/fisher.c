#include "prune/catalogue.h"

/* Optimal brain damage: the loss rises by h w^2 / 2 when the weight goes, with the diagonal h of
 * the Hessian estimated by the empirical Fisher information, the mean of g^2. Here g is the
 * gradient of a batch: only with train.batch = 1 is that the information itself; in larger batches
 * images that disagree cancel. A unit's scores add up. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) {
    const float product = p->value[i] * p->grad[i];
    score[i] = 0.5f * product * product;
  }
}

const esp_criterion esp__criterion_fisher = {
    .name = "fisher",
    .help =
        "weight^2 * mean gradient^2 / 2: optimal brain damage with the diagonal of the empirical "
        "Fisher (LeCun et al. 1990; Theis et al. 2018)",
    .needs = ESP_NEEDS_GRADIENTS,
    .unit = ESP_UNIT_SUM,
    .score = score,
};
