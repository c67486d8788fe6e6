#include "prune/catalogue.h"

/* Sum of squares of an input channel over the valid images and all pixels. */
static double energy(const esp_activity *a, int channel) {
  const esp_tensor *x = a->input;
  double sum = 0.0;
  for (int block = 0; block < x->blocks; block++)
    for (int row = 0; row < x->height; row++) {
      const float *at = esp_plane(x, block, channel) + (size_t)row * esp_row_stride(x);
      for (int column = 0; column < x->width; column++, at += ESP_LANES)
        for (int lane = 0; lane < esp_lanes_valid(a->images, block); lane++)
          sum += (double)at[lane] * (double)at[lane];
    }
  return sum;
}

/* score = w^2 * mean x^2, the square of Wanda's |w| * |x|_2, so that batches add up: the ranking is
 * the same. Wanda compares the weights of an output; here `distribution` says what is compared. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  const esp_activity *a = &ctx->activity;
  const int groups = ctx->layer->groups, channels = p->shape[1], outputs = p->shape[0] / groups;
  const size_t taps = p->count / (size_t)p->shape[0] / (size_t)channels;
  const double values = (double)a->images * a->input->height * a->input->width;
  for (int c = 0; c < groups * channels; c++) {
    const double square = energy(a, c) / values;
    for (int o = c / channels * outputs; o < (c / channels + 1) * outputs; o++) {
      const size_t first = ((size_t)o * (size_t)channels + (size_t)(c % channels)) * taps;
      for (size_t i = first; i < first + taps; i++)
        score[i] = (float)((double)p->value[i] * (double)p->value[i] * square);
    }
  }
}

const esp_criterion esp__criterion_wanda = {
    .name = "wanda",
    .help = "|weight| * norm of its input channel's activations (Wanda, Sun et al. 2024)",
    .needs = ESP_NEEDS_ACTIVATIONS,
    .score = score,
};
