#include "prune/catalogue.h"

#include <math.h>

/* score = |g| */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = fabsf(p->grad[i]);
}

const esp_criterion esp__criterion_gradient = {
    .name = "gradient",
    .help =
        "absolute value of the loss gradient, whatever the weight: where RigL grows (Evci et al. "
        "2020)",
    .needs = ESP_NEEDS_GRADIENT,
    .score = score,
};
