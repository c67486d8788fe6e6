/* Real-valued targets in the place of labels: their loss, and how far outputs are from them. */
#include "autograd/targets.h"

static const float *targets_of(const esp_graph *g, int block) {
  return g->current->targets + (size_t)block * (size_t)g->logits->data.channels * ESP_LANES;
}

void esp__targets_loss(const esp_graph *g, int block, esp__loss_block *k) {
  g->kernels->match_numbers(k, targets_of(g, block));
}

int esp__targets_measured(const esp_graph *g) {
  return esp__least(g->logits->data.channels, ESP_TARGETS_MAX);
}

void esp__targets_measure(const esp_graph *g, int block, double *squared) {
  const float *wanted = targets_of(g, block), *output = esp_plane(&g->logits->data, block, 0);
  const int valid = esp_lanes_valid(g->current->count, block);
  for (int t = 0; t < esp__targets_measured(g); t++)
    for (int i = t * ESP_LANES; i < t * ESP_LANES + valid; i++) {
      const double apart = (double)output[i] - (double)wanted[i];
      squared[t] += apart * apart;
    }
}
