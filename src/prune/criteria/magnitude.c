#include "prune/catalogue.h"

#include <math.h>

/* score = |w| */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  const float *w = p->shadow ? p->shadow : p->value;
  for (size_t i = 0; i < p->count; i++) score[i] = fabsf(w[i]);
}

const esp_criterion esp__criterion_magnitude = {
    .name = "magnitude",
    .help =
        "absolute value of the weight; of a filter their mean, its L1 norm (Han et al. 2015; "
        "Li et al. 2017)",
    .score = score,
};
