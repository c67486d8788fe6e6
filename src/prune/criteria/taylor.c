#include "prune/catalogue.h"
#include "prune/measure/by_image.h"

/* The change of the loss, to first order, when a unit goes: |sum over the unit of w g|, for each
 * batch, or each image (per), by itself, averaged. Unlike saliency, those that pull in opposite
 * directions do not cancel, and weights of one filter do. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = p->value[i] * p->grad[i];
}

const esp_criterion esp__criterion_taylor = {
    .name = "taylor",
    .help =
        "mean over batches, or images, of |sum over the unit of weight * gradient| "
        "(Molchanov et al. 2017, 2019)",
    .keys = {&esp__per_keys},
    .needs = ESP_NEEDS_GRADIENTS,
    .unit = ESP_UNIT_ABS_SUM,
    .score = score,
};
