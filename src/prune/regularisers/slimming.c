#include "prune/catalogue.h"
#include "prune/pruner.h"

/* penalty = strength * sum |gamma| over the scales of the batch norms behind what is pruned; slope
 * 0 at 0 */
static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)now, (void)err;
  const float slope = (float)esp_strength_options_of(p->opt)->strength;
  for (int i = 0; i < p->scored_slices; i++) {
    esp_param *gamma = p->scored[i].slice->layer->scale;
    for (size_t k = 0; gamma && k < gamma->count; k++)
      gamma->grad[k] += gamma->value[k] > 0.0f ? slope : gamma->value[k] < 0.0f ? -slope : 0.0f;
  }
  return ESP_OK;
}

static bool applies(const esp_layer *layer) {
  return layer->scale != NULL;
}

static const esp_prune_hooks hooks = {.post_backward = post_backward};

const esp_regulariser esp__regulariser_slimming = {
    .name = "slimming",
    .help = "network slimming: strength * |scale| of batch norms (Liu et al. 2017)",
    .keys = {&esp_strength_keys},
    .applies = applies,
    .hooks = &hooks,
};
