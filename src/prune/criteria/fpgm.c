#include "prune/catalogue.h"
#include "prune/criteria/channel.h"

#include <math.h>

static double distance(const float *a, const float *b, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double d = (double)a[i] - (double)b[i];
    sum += d * d;
  }
  return sqrt(sum);
}

/* Mean distance from the layer's other filters. The filter nearest to the geometric median has the
 * smallest: the others can best stand in for it. What is pruned already does not count. */
static float mean_distance(const esp_param *p, int channel) {
  const size_t size = esp__channel_size(p);
  double sum = 0.0;
  int others = 0;
  for (int c = 0; c < p->shape[0]; c++) {
    if (c == channel || esp__channel_gone(p, c)) continue;
    sum += distance(p->value + (size_t)channel * size, p->value + (size_t)c * size, size);
    others++;
  }
  return (float)(sum / (others > 0 ? others : 1));
}

static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (int c = 0; c < p->shape[0]; c++) esp__channel_score(p, c, mean_distance(p, c), score);
}

const esp_criterion esp__criterion_fpgm = {
    .name = "fpgm",
    .help =
        "mean distance from the layer's other filters: "
        "pruning via the geometric median (He et al. 2019)",
    .channels = true,
    .score = score,
};
