/* Hard concrete gates (Louizos et al. 2018): numbers z in [0, 1], often exactly 0 or 1, that units
 * are multiplied by. z = s (high - low) + low, cut to [0, 1], low = -0.1, high = 1.1. With noise u,
 * uniform in (0, 1), s = sigmoid((log u - log(1 - u) + a) / beta), beta = 2 / 3; without,
 * s = sigmoid(a). */
#ifndef ESP_PRUNE_REGULARISERS_HARD_CONCRETE_H
#define ESP_PRUNE_REGULARISERS_HARD_CONCRETE_H

#include "prune/pruner.h"

typedef struct esp__hard_gate {
  double z, slope; /* d z / d a */
} esp__hard_gate;
esp__hard_gate esp__hard_gate_noisy(double a, double u);
/* P(z > 0) over the noise: sigmoid(a - beta log(-low / high)). */
double esp__hard_gate_open(double a);

/* z of the weight's unit, z[units] of its pool; a weight without a unit has no gate. */
static inline float esp__hard_gate_of(const esp_slice *s, size_t weight, const float *z) {
  const uint32_t unit = esp_slice_unit(s, weight);
  return unit == ESP_NO_UNIT ? 1.0f : z[unit];
}
/* p->value = shadow z in all layers, with the gates z [units] of all pools. */
void esp__hard_gates_apply(const esp_pruner *p, const float *z);
/* value = shadow z of a slice, with gates without noise, a = first + rise[units of its pool]. */
void esp__hard_gates_still(const esp_slice *s, const float *rise, double first, float *value);
/* Back through the noisy ones: sum[units] = the gradients of the pool's gates, of the weights' in
 * p->grad, ... */
void esp__hard_gates_sum(const esp_ranking_pool *pool, double *sum);
/* ... and p->grad becomes that of the shadow, with its decay, in all layers. */
void esp__hard_gates_chain(const esp_pruner *p, const float *z, float decay);

#endif
