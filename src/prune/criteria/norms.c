#include "prune/catalogue.h"

#include <math.h>

/* |w|; the rule for units makes it a norm */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = fabsf(p->value[i]);
}

const esp_criterion esp__criterion_l1 = {
    .name = "l1",
    .help =
        "L1 norm of a filter; magnitude is its mean, so filters of all sizes compare (Li et al. "
        "2017)",
    .unit = ESP_UNIT_SUM,
    .score = score,
};

const esp_criterion esp__criterion_l2 = {
    .name = "l2",
    .help = "L2 norm of a filter (He et al. 2018)",
    .unit = ESP_UNIT_NORM,
    .score = score,
};
