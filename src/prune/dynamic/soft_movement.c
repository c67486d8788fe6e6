#include "prune/latent.h"

/* value = w where sigmoid(s) > 0.1. The scores s start at 0 and learn straight through the mask, ds = g w; so
 * they rise where weights move away from 0. The penalty strength * sum sigmoid(s) pulls them down. Masks
 * follow at each change, and so does the sparsity, as it comes; the last change cuts to the one asked for. */
enum { SCORE, VELOCITY };
static const float threshold = -2.19722458f; /* sigmoid = 0.1 */

static esp_status change(esp_pruner *p, double t, esp_error *err) {
  for (size_t k = 0; k < p->weights; k++) p->raw[k] = p->state[SCORE][k] - threshold;
  return esp_latent_masks(p, t, err);
}

static esp_status gradient(esp_pruner *p, const esp_moment *now, esp_error *err) {
  (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    esp_param *w = t->weight;
    float *score = p->state[SCORE] + t->first_weight, *velocity = p->state[VELOCITY] + t->first_weight;
    for (size_t k = 0; k < w->count; k++) {
      const double s = esp_sigmoid((double)score[k]);
      esp_latent_move(&score[k], &velocity[k],
                      (double)w->grad[k] * (double)w->shadow[k] + p->opt->strength * s * (1.0 - s), now);
      if (!w->mask->keep[k]) w->grad[k] = 0.0f;
    }
  }
  return ESP_OK;
}

static const esp_prune_hooks hooks = {
    .state = {{"score", ESP_PER_WEIGHT}, {"score-velocity", ESP_PER_WEIGHT}}, .gradient = gradient};

const esp_dynamic esp_dynamic_soft_movement = {
    .name = "soft-movement",
    .help =
        "soft movement pruning: scores learn with the weights, and those below a threshold are out (Sanh et "
        "al. 2020)",
    .shadow = true,
    .change = change,
    .hooks = &hooks,
};
