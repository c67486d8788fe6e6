#include "prune/reparametrised.h"

/* The forward pass uses the largest D = 1 - sparsity of the weights (the mask), the backward pass
 * moves the largest D + M (M = explore); the rest keeps its value, out of use. Weight decay is the
 * exploration penalty: 1 on what is used, 1 / D on what is only explored. */
enum { EXPLORED };

typedef struct topkast_options {
  double explore; /* share of the weights that learn though they are not used */
} topkast_options;
static const esp_option table[] = {
    {"explore", ESP_OPTION_REAL, offsetof(topkast_options, explore), "0.1", 0, 1, NULL,
     "topkast: share of the weights that learn besides those that are used"},
    {.name = NULL}};
static const esp_method_keys topkast_keys = {table, sizeof(topkast_options),
                                             .after = "temperature"};

static esp_status change(esp_pruner *p, double t, esp_error *err) {
  (void)t;
  const topkast_options *o = esp_prune_keys(p->opt, &topkast_keys);
  const double backward = p->opt->sparsity - o->explore;
  esp_pruner_score(p, &esp__criterion_magnitude);
  ESP_TRY(esp_pruner_choose(p, backward > 0.0 ? backward : 0.0, err));
  for (size_t u = 0; u < p->units; u++) p->state[EXPLORED][u] = p->keep[u];
  esp_pruner_score(p, &esp__criterion_magnitude);
  ESP_TRY(esp_pruner_choose(p, p->opt->sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
  const double density = 1.0 - p->opt->sparsity;
  const float used = (float)now->decay,
              explored = density > 0.0 ? (float)(now->decay / density) : 0.0f;
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    esp_param *w = pool->weight;
    const float *explores = p->state[EXPLORED] + pool->first;
    for (size_t k = 0; k < w->count; k++) {
      const bool keeps = w->mask->keep[k], moves = keeps || explores[k] != 0.0f;
      w->grad[k] = moves ? w->grad[k] + (keeps ? used : explored) * w->shadow[k] : 0.0f;
      if (!moves) esp_param_forget(w, k);
    }
  }
  return ESP_OK;
}

static const esp_prune_hooks hooks = {.state = {{"explored", ESP_PER_UNIT}},
                                      .post_backward = post_backward,
                                      .reparametrize = esp__shadow_reparametrize};

const esp_dynamic esp__dynamic_topkast = {
    .name = "topkast",
    .help =
        "always sparse: the largest weights are used, some more than these (explore) learn, "
        "all others rest (Jayakumar et al. 2020)",
    .keys = {&topkast_keys},
    .shadow = true,
    .change = change,
    .hooks = &hooks,
};
