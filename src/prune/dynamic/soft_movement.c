#include "prune/reparametrised.h"

#include <float.h>
#include <math.h>

/* value = w where sigmoid(s) > 0.1. The scores s start at 0 and learn straight through the mask,
 * ds = g w; so they rise where weights move away from 0. The penalty strength * sum sigmoid(s)
 * pulls them down. Masks follow at each change, and so does the sparsity, as it comes; the last
 * change cuts to the one asked for.
 *
 * The paper moves scores with Adam, at a rate of their own. Here g w is divided by its root mean
 * square over the layer and the rate is that of the weights: plain SGD would leave them where they
 * are. */
enum { SCORE };
static const float threshold = -2.19722458f; /* sigmoid = 0.1 */

static esp_status change(esp_pruner *p, double t, esp_error *err) {
  for (size_t k = 0; k < p->weights; k++) p->weight_score[k] = p->state[SCORE][k] - threshold;
  return esp__reparametrised_masks(p, t, err);
}

/* 1 / root mean square of g w; 0 if that is no number. */
static double scale_of(const esp_param *w) {
  double sum = 0.0;
  for (size_t k = 0; k < w->count; k++) {
    const double move = (double)w->grad[k] * (double)w->shadow[k];
    sum += move * move;
  }
  return sum > 0.0 && sum <= DBL_MAX ? 1.0 / sqrt(sum / (double)w->count) : 0.0;
}

static void move_scores(esp_pruner *p, const esp_ranking_pool *pool, double lr) {
  const esp_param *w = pool->weight;
  const double scale = scale_of(w);
  float *score = p->state[SCORE] + pool->first_weight;
  for (size_t k = 0; k < w->count; k++) {
    const double s = esp__sigmoid((double)score[k]);
    const double move = scale > 0.0 ? scale * ((double)w->grad[k] * (double)w->shadow[k]) : 0.0;
    score[k] -= (float)(lr * (move + esp_strength_options_of(p->opt)->strength * s * (1.0 - s)));
    if (!w->mask->keep[k]) w->grad[k] = 0.0f;
  }
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->pools; i++) move_scores(p, &p->pool[i], now->lr);
  return ESP_OK;
}

static const esp_prune_hooks hooks = {.state = {{"score", ESP_PER_WEIGHT}},
                                      .post_backward = post_backward};

const esp_dynamic esp__dynamic_soft_movement = {
    .name = "soft-movement",
    .help =
        "soft movement pruning: scores learn with the weights, "
        "and those below a threshold are out (Sanh et al. 2020)",
    .keys = {&esp_strength_keys},
    .shadow = true,
    .negative = true,
    .change = change,
    .hooks = &hooks,
};
