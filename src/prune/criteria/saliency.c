#include "prune/catalogue.h"

#include <math.h>

/* score = |w g|: to first order, how much the loss changes when the weight goes */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = fabsf(p->value[i] * p->grad[i]);
}

const esp_criterion esp__criterion_saliency = {
    .name = "saliency",
    .help = "|weight * gradient|, the first-order change of the loss (Mozer & Smolensky 1989)",
    .needs = ESP_NEEDS_GRADIENT,
    .score = score,
};

/* The same number for the untrained network: what SNIP divides by is one constant for all
 * weights. */
const esp_criterion esp__criterion_snip = {
    .name = "snip",
    .help = "saliency, as meant for the untrained network: with at = init (SNIP, Lee et al. 2019)",
    .needs = ESP_NEEDS_GRADIENT,
    .score = score,
};
