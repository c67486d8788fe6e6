#include "prune/catalogue.h"
#include "prune/pruner.h"

/* Penalty rho / 2 ||W - Z + U||^2, rho = strength. Every `every` steps Z becomes W + U without the
 * units that pruning to the final sparsity would take from it, and then U <- U + W - Z. */
enum { Z, U };

/* Whether the weight's unit stays in the choice just made. */
static bool stays(const esp_pruner *p, const esp_scored_slice *scored, size_t weight) {
  const uint32_t unit = esp_slice_unit(scored->slice, weight);
  return unit == ESP_NO_UNIT || p->keep[scored->pool->first + unit];
}

static esp_status project(esp_pruner *p, esp_error *err) {
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_slice *s = p->scored[i].slice;
    for (size_t k = 0, n = s->first_weight; k < s->param->count; k++, n++) {
      p->state[Z][n] = s->param->value[k] + p->state[U][n];
      p->weight_score[n] = p->state[Z][n] < 0.0f ? -p->state[Z][n] : p->state[Z][n];
    }
  }
  esp__pruner_unit_scores(p);
  ESP_TRY(esp_pruner_choose(p, p->opt->sparsity, err));
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_slice *s = p->scored[i].slice;
    for (size_t k = 0, n = s->first_weight; k < s->param->count; k++, n++) {
      if (!stays(p, &p->scored[i], k)) p->state[Z][n] = 0.0f;
      p->state[U][n] += s->param->value[k] - p->state[Z][n];
    }
  }
  return ESP_OK;
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  const float rho = (float)esp_strength_options_of(p->opt)->strength;
  if (now->step % p->opt->every == 0) ESP_TRY(project(p, err));
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_slice *s = p->scored[i].slice;
    const float *z = p->state[Z] + s->first_weight, *u = p->state[U] + s->first_weight;
    for (size_t k = 0; k < s->param->count; k++)
      s->param->grad[k] += rho * (s->param->value[k] - z[k] + u[k]);
  }
  return ESP_OK;
}

static const esp_prune_hooks hooks = {.state = {{"z", ESP_PER_WEIGHT}, {"u", ESP_PER_WEIGHT}},
                                      .post_backward = post_backward};

const esp_regulariser esp__regulariser_admm = {
    .name = "admm",
    .help =
        "pulls the weights to their nearest pruned copy, "
        "made every `every` steps by the method of multipliers; strength = rho (Zhang et al. 2018)",
    .keys = {&esp_strength_keys},
    .hooks = &hooks,
};
