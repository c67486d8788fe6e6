#include "prune/catalogue.h"

/* score uniform in [0, 1): the control that every method should beat */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  for (size_t i = 0; i < p->count; i++) score[i] = esp_random_uniform(ctx->key, i);
}

const esp_criterion esp__criterion_random = {
    .name = "random",
    .help = "a random number: the control that every method should beat",
    .score = score,
};
