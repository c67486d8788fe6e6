#include "prune/catalogue.h"
#include "prune/criteria/channel.h"

#include <math.h>

/* score = |gamma| of the channel's batch norm */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  for (int c = 0; c < p->shape[0]; c++)
    esp__channel_score(p, c, fabsf(ctx->layer->scale->value[c]), score);
}

const esp_criterion esp__criterion_bn_scale = {
    .name = "bn-scale",
    .help = "absolute value of the channel's batch-norm scale: network slimming (Liu et al. 2017)",
    .needs = ESP_NEEDS_SCALE,
    .channels = true,
    .score = score,
};
