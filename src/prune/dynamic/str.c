#include "prune/reparametrised.h"

#include <math.h>

/* value = sign(w) relu(|w| - sigmoid(s)), with one s for each layer, which learns with the weights.
 * The decay of s (strength) pulls it from -5 towards 0, so the threshold rises. Masks follow at
 * each change, and so does the sparsity, as it comes; the last change cuts (or fills up) to the one
 * asked for. */
enum { THRESHOLD };
static const double initial = -5.0;

static double sigmoid_of(const esp_pruner *p, int slice) {
  return esp__sigmoid(initial + (double)p->state[THRESHOLD][slice]);
}

static esp_status change(esp_pruner *p, double t, esp_error *err) {
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *l = &p->pool[i];
    const float threshold = (float)sigmoid_of(p, i);
    for (size_t k = 0; k < l->weight->count; k++)
      p->weight_score[l->first_weight + k] = fabsf(l->weight->shadow[k]) - threshold;
  }
  return esp__reparametrised_masks(p, t, err);
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
  for (int i = 0; i < p->pools; i++) {
    esp_param *w = p->pool[i].weight;
    const double s = sigmoid_of(p, i);
    const float threshold = (float)s, decay = (float)now->decay;
    double sum = 0.0;
    for (size_t k = 0; k < w->count; k++) {
      const bool used = w->mask->keep[k] && fabsf(w->shadow[k]) > threshold;
      if (used) sum -= (double)w->grad[k] * (w->shadow[k] < 0.0f ? -1.0 : 1.0);
      w->grad[k] = (used ? w->grad[k] : 0.0f) + decay * w->shadow[k];
    }
    const double pull =
        esp_strength_options_of(p->opt)->strength * (initial + (double)p->state[THRESHOLD][i]);
    const double gradient = sum * s * (1.0 - s) + pull;
    esp__reparametrised_move(p, THRESHOLD, (size_t)i, 1, &gradient, now);
  }
  return ESP_OK;
}

static void reparametrize(const esp_pruner *p, int slice, float *value) {
  const esp_param *w = p->scored[slice].slice->param;
  const float threshold = (float)sigmoid_of(p, slice);
  for (size_t k = 0; k < w->count; k++) {
    const float left = fabsf(w->shadow[k]) - threshold;
    value[k] = left > 0.0f ? copysignf(left, w->shadow[k]) : 0.0f;
  }
}

static const esp_prune_hooks hooks = {.state = {{"threshold", ESP_PER_LAYER},
                                                {"threshold-velocity", ESP_PER_LAYER},
                                                {"threshold-second-moment", ESP_PER_LAYER}},
                                      .post_backward = post_backward,
                                      .reparametrize = reparametrize};

const esp_dynamic esp__dynamic_str = {
    .name = "str",
    .help =
        "soft threshold reparametrisation: each layer learns the threshold that its weights are "
        "shrunk by (Kusupati et al. 2020)",
    .keys = {&esp_strength_keys},
    .shadow = true,
    .negative = true,
    .change = change,
    .hooks = &hooks,
};
