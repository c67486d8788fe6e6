#include "prune/reparametrised.h"

#include <math.h>
#include <string.h>

/* value = w where |s| is among the largest, w frozen. The scores s (the shadow) learn through the
 * mask as if it were |s| itself: ds = g w sign(s). They start uniform within +- 1 / sqrt(weights of
 * an output). */
enum { WEIGHTS };

static void begin(esp_pruner *p) {
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    esp_param *w = pool->weight;
    const esp_key key = esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i);
    const double bound = 1.0 / sqrt((double)(w->count / (size_t)w->shape[0]));
    memcpy(p->state[WEIGHTS] + pool->first_weight, w->shadow, w->count * sizeof(float));
    esp_param_forget_all(w);
    for (size_t k = 0; k < w->count; k++)
      w->shadow[k] = (float)(bound * (2.0 * (double)esp_random_uniform(key, k) - 1.0));
  }
}

static esp_status change(esp_pruner *p, double t, esp_error *err) {
  (void)t;
  if (esp_pruner_changes(p) == 0) begin(p);
  esp_pruner_score(p, &esp__criterion_magnitude); /* of the shadow */
  ESP_TRY(esp_pruner_choose(p, p->opt->sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
  for (int i = 0; i < p->pools; i++) {
    esp_param *w = p->pool[i].weight;
    const float *frozen = p->state[WEIGHTS] + p->pool[i].first_weight, decay = (float)now->decay;
    for (size_t k = 0; k < w->count; k++)
      w->grad[k] = copysignf(1.0f, w->shadow[k]) * w->grad[k] * frozen[k] + decay * w->shadow[k];
  }
  return ESP_OK;
}

static void reparametrize(const esp_pruner *p, int slice, float *value) {
  const esp_slice *s = p->scored[slice].slice;
  memcpy(value, p->state[WEIGHTS] + s->first_weight, s->param->count * sizeof *value);
}

static const esp_prune_hooks hooks = {.state = {{"weights", ESP_PER_WEIGHT}},
                                      .post_backward = post_backward,
                                      .reparametrize = reparametrize};

const esp_dynamic esp__dynamic_edge_popup = {
    .name = "edge-popup",
    .help =
        "weights stay as they were drawn; scores learn which of them to use (Ramanujan et al. "
        "2020)",
    .shadow = true,
    .change = change,
    .hooks = &hooks,
};
