#include "prune/regularisers/hard_concrete.h"
#include "prune/reparametrised.h"

/* value = w z with a hard concrete gate z for every unit, its noise drawn for each step. The
 * penalty, strength * sum of P(z > 0), pulls the gates' a down; they start where z = 1. The state
 * is a without that start. */
enum { GATE };
static const double initial = 2.5;

static esp__hard_gate noisy(const esp_pruner *p, int pool, size_t unit, int64_t step) {
  const esp_key gates = esp_key_of(p->key, ESP_STREAM_GATES);
  const esp_key key = esp_key_of(esp_key_of(gates, (uint64_t)step), (uint64_t)pool);
  const double u = (double)esp_random_uniform(key, unit) + 0x1p-25; /* neither 0 nor 1 */
  return esp__hard_gate_noisy(initial + (double)p->state[GATE][p->pool[pool].first + unit], u);
}

static void pre_forward(esp_pruner *p, const esp_step_ctx *now) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->pools; i++)
    for (size_t u = 0; u < p->pool[i].units; u++)
      p->score[p->pool[i].first + u] = (float)noisy(p, i, u, now->step).z;
  esp__hard_gates_apply(p, p->score);
}

/* Moves the gate of a unit of a pool; leaves z in p->score. */
static void move_gate(esp_pruner *p, int pool, size_t unit, const esp_step_ctx *now) {
  const size_t i = p->pool[pool].first + unit;
  const double strength = esp_strength_options_of(p->opt)->strength;
  const esp__hard_gate g = noisy(p, pool, unit, now->step);
  const double open = esp__hard_gate_open(initial + (double)p->state[GATE][i]);
  const double gradient = p->unit_sum[i] * g.slope + strength * open * (1.0 - open);
  p->score[i] = (float)g.z;
  esp__reparametrised_move(p, GATE, i, 1, &gradient, now);
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->pools; i++) {
    esp__hard_gates_sum(&p->pool[i], p->unit_sum + p->pool[i].first);
    for (size_t u = 0; u < p->pool[i].units; u++) move_gate(p, i, u, now);
  }
  esp__hard_gates_chain(p, p->score, (float)now->decay);
  return ESP_OK;
}

static void reparametrize(const esp_pruner *p, int slice, float *value) {
  const esp_scored_slice *s = &p->scored[slice];
  esp__hard_gates_still(s->slice, p->state[GATE] + s->pool->first, initial, value);
}

static const esp_prune_hooks hooks = {.state = {{"gate", ESP_PER_UNIT},
                                                {"gate-velocity", ESP_PER_UNIT},
                                                {"gate-second-moment", ESP_PER_UNIT}},
                                      .pre_forward = pre_forward,
                                      .post_backward = post_backward,
                                      .reparametrize = reparametrize};

const esp_regulariser esp__regulariser_l0 = {
    .name = "l0",
    .help = "gates on every unit, often exactly 0; strength * P(open) (Louizos et al. 2018)",
    .keys = {&esp_strength_keys},
    .shadow = true,
    .hooks = &hooks,
};
