#include "prune/regularisers/hard_concrete.h"

#include "prune/reparametrised.h"

static const double low = -0.1, high = 1.1, beta = 2.0 / 3.0;

static esp__hard_gate cut(double s) {
  const double z = s * (high - low) + low,
               slope = z > 0.0 && z < 1.0 ? (high - low) * s * (1.0 - s) : 0.0;
  return (esp__hard_gate){z < 0.0 ? 0.0 : z > 1.0 ? 1.0 : z, slope};
}

esp__hard_gate esp__hard_gate_noisy(double a, double u) {
  esp__hard_gate g = cut(esp__sigmoid((esp__log(u) - esp__log(1.0 - u) + a) / beta));
  g.slope /= beta;
  return g;
}

static double gate_still(double a) {
  return cut(esp__sigmoid(a)).z;
}

double esp__hard_gate_open(double a) {
  return esp__sigmoid(a - beta * esp__log(-low / high));
}

static void apply(const esp_slice *s, const float *z) {
  for (size_t k = 0; k < s->param->count; k++)
    s->param->value[k] = s->param->shadow[k] * esp__hard_gate_of(s, k, z);
}

void esp__hard_gates_apply(const esp_pruner *p, const float *z) {
  for (int i = 0; i < p->scored_slices; i++)
    apply(p->scored[i].slice, z + p->scored[i].pool->first);
}

/* Neighbours mostly have one unit, and its gate is an exponential. */
void esp__hard_gates_still(const esp_slice *s, const float *rise, double first, float *value) {
  uint32_t last = ESP_NO_UNIT;
  float z = 1.0f;
  for (size_t k = 0; k < s->param->count; k++) {
    const uint32_t unit = esp_slice_unit(s, k);
    if (unit != last)
      z = unit == ESP_NO_UNIT ? 1.0f : (float)gate_still(first + (double)rise[unit]);
    last = unit;
    value[k] = s->param->shadow[k] * z;
  }
}

void esp__hard_gates_sum(const esp_ranking_pool *pool, double *sum) {
  for (size_t u = 0; u < pool->units; u++) sum[u] = 0.0;
  for (int k = 0; k < pool->slices; k++) {
    const esp_slice *s = &pool->slice[k];
    for (size_t i = 0; s->scored && i < s->param->count; i++) {
      const uint32_t unit = esp_slice_unit(s, i);
      if (unit != ESP_NO_UNIT) sum[unit] += (double)s->param->grad[i] * (double)s->param->shadow[i];
    }
  }
}

static void chain(const esp_slice *s, const float *z, float decay) {
  for (size_t k = 0; k < s->param->count; k++)
    s->param->grad[k] =
        esp__hard_gate_of(s, k, z) * s->param->grad[k] + decay * s->param->shadow[k];
}

void esp__hard_gates_chain(const esp_pruner *p, const float *z, float decay) {
  for (int i = 0; i < p->scored_slices; i++)
    chain(p->scored[i].slice, z + p->scored[i].pool->first, decay);
}
