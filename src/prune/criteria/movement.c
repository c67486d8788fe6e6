#include "prune/catalogue.h"

/* The score of Sanh et al. is trained along with the weights; with a constant rate it is, up to a
 * factor, the sum of -w g over all steps: high where steps moved the weight away from 0. It is
 * gathered in every step of the run up to the round. Unlike theirs, masks are hard: what is pruned
 * has no value to move and stays. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = p->movement[i];
}

const esp_criterion esp__criterion_movement = {
    .name = "movement",
    .help = "sum of -weight * gradient over all steps of training so far (Sanh et al. 2020)",
    .needs = ESP_NEEDS_MOVEMENT,
    .negative = true,
    .score = score,
};
