#include "prune/catalogue.h"
#include "prune/pruner.h"

#include <math.h>

/* penalty = strength * sum over outputs of sqrt(n) ||w||, n weights w of one output (a filter, a
 * row); its slope is 0 at 0 */
static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)now, (void)err;
  for (int i = 0; i < p->scored_slices; i++) {
    esp_param *w = p->scored[i].slice->param;
    const size_t size = w->count / (size_t)w->shape[0];
    const double scale = esp_strength_options_of(p->opt)->strength * sqrt((double)size);
    for (size_t from = 0; from < w->count; from += size) {
      double sum = 0.0;
      for (size_t k = from; k < from + size; k++) sum += (double)w->value[k] * (double)w->value[k];
      const float slope = sum > 0.0 ? (float)(scale / sqrt(sum)) : 0.0f;
      for (size_t k = from; k < from + size; k++) w->grad[k] += slope * w->value[k];
    }
  }
  return ESP_OK;
}

static const esp_prune_hooks hooks = {.post_backward = post_backward};

const esp_regulariser esp__regulariser_group_lasso = {
    .name = "group-lasso",
    .help =
        "strength * sqrt(n) * norm of the n weights of an output (Yuan & Lin 2006; Wen et al. "
        "2016)",
    .keys = {&esp_strength_keys},
    .hooks = &hooks,
};
