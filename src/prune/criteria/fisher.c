#include "prune/catalogue.h"
#include "prune/measure/by_image.h"

/* Optimal brain damage: the loss rises by h w^2 / 2 when the weight goes, with the diagonal h of
 * the Hessian estimated by the empirical Fisher information, the mean of g^2. With per = image g is
 * an image's gradient, and that is the information itself; in batches images that disagree cancel.
 * A unit's scores add up. */
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
    .keys = {&esp__per_keys},
    .needs = ESP_NEEDS_GRADIENTS,
    .unit = ESP_UNIT_SUM,
    .score = score,
};
