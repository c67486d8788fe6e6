#include "prune/catalogue.h"
#include "prune/pruner.h"

#include <math.h>

/* penalty = strength * sum over pools of (sum of r)^2 / (sum of r^2), r the norms of the units: of
 * weights, their magnitudes. It does not change with the size of all weights, lies between 1 and
 * the number of units, and counts those that are there where they are alike. Its slope in a weight
 * of a unit is w (2 a / r - 2 a^2), a = (sum of r) / (sum of r^2): units below 1 / a shrink, the
 * others grow. A unit of zeros stays. */

/* The squares of the norms of a pool's units. */
static void square_norms(const esp_ranking_pool *pool, double *square) {
  for (size_t u = 0; u < pool->units; u++) square[u] = 0.0;
  for (int i = 0; i < pool->slices; i++) {
    const esp_slice *s = &pool->slice[i];
    for (size_t k = 0; s->scored && k < s->param->count; k++) {
      const uint32_t unit = esp_slice_unit(s, k);
      if (unit != ESP_NO_UNIT)
        square[unit] += (double)s->param->value[k] * (double)s->param->value[k];
    }
  }
}

/* From them to the factor of a unit's weights in the slope. */
static void factors(size_t units, double strength, double *square) {
  double norms = 0.0, squares = 0.0;
  for (size_t u = 0; u < units; u++) {
    norms += sqrt(square[u]);
    squares += square[u];
  }
  const double a = squares > 0.0 ? norms / squares : 0.0;
  for (size_t u = 0; u < units; u++)
    square[u] = square[u] > 0.0 ? strength * 2.0 * (a / sqrt(square[u]) - a * a) : 0.0;
}

static void pull(const esp_slice *s, const double *factor) {
  for (size_t k = 0; s->scored && k < s->param->count; k++) {
    const uint32_t unit = esp_slice_unit(s, k);
    if (unit != ESP_NO_UNIT)
      s->param->grad[k] += (float)(factor[unit] * (double)s->param->value[k]);
  }
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)now, (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    double *factor = p->unit_sum + pool->first;
    square_norms(pool, factor);
    factors(pool->units, esp_strength_options_of(p->opt)->strength, factor);
    for (int k = 0; k < pool->slices; k++) pull(&pool->slice[k], factor);
  }
  return ESP_OK;
}

static const esp_prune_hooks hooks = {.post_backward = post_backward};

const esp_regulariser esp__regulariser_hoyer = {
    .name = "hoyer",
    .help =
        "strength * (sum of the units' norms)^2 / sum of their squares, layer by layer: few "
        "large ones (Yang et al. 2020)",
    .keys = {&esp_strength_keys},
    .hooks = &hooks,
};
