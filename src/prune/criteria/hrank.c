#include "prune/catalogue.h"
#include "prune/criteria/channel.h"
#include "base/matrix_rank.h"

/* The feature map of one image, as a matrix. */
static void copy_map(const esp_tensor *y, int channel, int image, double *map) {
  const float *plane = esp_plane(y, image / ESP_LANES, channel) + image % ESP_LANES;
  for (int row = 0; row < y->height; row++)
    for (int column = 0; column < y->width; column++)
      *map++ = (double)plane[(size_t)row * esp_row_stride(y) + (size_t)column * ESP_LANES];
}

/* score = mean over images of the rank of the channel's feature map */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  const esp_activity *a = &ctx->activity;
  for (int c = 0; c < p->shape[0]; c++) {
    double sum = 0.0;
    for (int image = 0; image < a->images; image++) {
      copy_map(a->output, c, image, ctx->plane);
      sum += esp__matrix_rank(ctx->plane, a->output->height, a->output->width);
    }
    esp__channel_score(p, c, (float)(sum / a->images), score);
  }
}

const esp_criterion esp__criterion_hrank = {
    .name = "hrank",
    .help = "mean rank of the channel's feature maps (HRank, Lin et al. 2020)",
    .needs = ESP_NEEDS_ACTIVATIONS,
    .channels = true,
    .score = score,
};
