#include "prune/catalogue.h"
#include "prune/pruner.h"

/* penalty = strength * sum |w|; its slope is 0 at 0 */
static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)now, (void)err;
  const float slope = (float)esp_strength_options_of(p->opt)->strength;
  for (int i = 0; i < p->scored_slices; i++) {
    esp_param *w = p->scored[i].slice->param;
    for (size_t k = 0; k < w->count; k++)
      w->grad[k] += w->value[k] > 0.0f ? slope : w->value[k] < 0.0f ? -slope : 0.0f;
  }
  return ESP_OK;
}

static const esp_prune_hooks hooks = {.post_backward = post_backward};

const esp_regulariser esp__regulariser_l1 = {
    .name = "l1",
    .help = "strength * |weight| (Tibshirani 1996; Han et al. 2015)",
    .keys = {&esp_strength_keys},
    .hooks = &hooks,
};
