#include "prune/catalogue.h"
#include "prune/measure/predictor.h"

/* `measure` leaves in p->grad, for every weight of a channel, by how much the loss is predicted to
 * rise when the channel goes. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = p->grad[i];
}

const esp_criterion esp__criterion_predictor = {
    .name = "predictor",
    .help =
        "rise of the loss that a ridge regression over norms, scale, taylor and size predicts, "
        "fitted to trial removals of random channels",
    .needs = ESP_NEEDS_PASSES,
    .negative = true,
    .channels = true,
    .score = score,
    .measure = esp__predict,
};
