/* Criteria that look at what a channel's activations are, behind batch norm and non-linearity:
 * statistics over the valid images and all pixels of a batch. */
#include "prune/catalogue.h"
#include "prune/criteria/channel.h"

#include <math.h>

typedef struct frequency_options {
  double activation_threshold; /* what counts as active */
} frequency_options;
static const esp_option table[] = {
    {"activation_threshold", ESP_OPTION_REAL, offsetof(frequency_options, activation_threshold),
     "0", 0, 1e6, NULL, "method frequency: absolute value above which an activation counts"},
    {.name = NULL}};
static const esp_method_keys frequency_keys = {table, sizeof(frequency_options),
                                               .after = "saliency_batches"};

typedef double statistic(float x, double threshold);

static double mean_over(const esp_activity *a, int channel, statistic *of, double threshold) {
  const esp_tensor *y = a->output;
  double sum = 0.0;
  for (int block = 0; block < y->blocks; block++)
    for (int row = 0; row < y->height; row++) {
      const float *x = esp_plane(y, block, channel) + (size_t)row * esp_row_stride(y);
      for (int column = 0; column < y->width; column++, x += ESP_LANES)
        for (int lane = 0; lane < esp_lanes_valid(a->images, block); lane++)
          sum += of(x[lane], threshold);
    }
  return sum / ((double)a->images * y->height * y->width);
}

static void score_by(const esp_param *p, const esp_prune_ctx *ctx, statistic *of, float *score) {
  const frequency_options *o = esp_prune_keys(ctx->opt, &frequency_keys);
  for (int c = 0; c < p->shape[0]; c++)
    esp__channel_score(p, c, (float)mean_over(&ctx->activity, c, of, o->activation_threshold),
                       score);
}

#define STATISTIC(function, formula)                                                         \
  static double function##_of(float x, double threshold) {                                   \
    (void)threshold;                                                                         \
    return formula;                                                                          \
  }                                                                                          \
  static void score_##function(const esp_param *p, const esp_prune_ctx *ctx, float *score) { \
    score_by(p, ctx, function##_of, score);                                                  \
  }
STATISTIC(nonzero, x != 0.0f)
STATISTIC(size, (double)fabsf(x))
STATISTIC(active, (double)fabsf(x) > threshold)

const esp_criterion esp__criterion_apoz = {
    .name = "apoz",
    .help =
        "share of activations that are not zero: 1 - average percentage of zeros (Hu et al. 2016)",
    .needs = ESP_NEEDS_ACTIVATIONS,
    .channels = true,
    .score = score_nonzero,
};

const esp_criterion esp__criterion_activation = {
    .name = "activation",
    .help = "mean absolute activation of the channel (Molchanov et al. 2017)",
    .needs = ESP_NEEDS_ACTIVATIONS,
    .channels = true,
    .score = score_size,
};

const esp_criterion esp__criterion_frequency = {
    .name = "frequency",
    .help = "share of activations whose absolute value exceeds activation_threshold",
    .keys = {&frequency_keys},
    .needs = ESP_NEEDS_ACTIVATIONS,
    .channels = true,
    .score = score_active,
};
