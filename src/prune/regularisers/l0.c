#include "prune/regularisers/hard_concrete.h"
#include "prune/latent.h"

/* value = w z with a hard concrete gate z for every unit, its noise drawn for each step. The
 * penalty, strength * sum of P(z > 0), pulls the gates' a down; they start where z = 1. The state
 * is a without that start. */
enum { GATE, VELOCITY };
static const double initial = 2.5;

static esp__hard_gate noisy(const esp_pruner *p, int target, size_t unit, int64_t step) {
  const esp_key gates = esp_key_of(p->key, ESP_STREAM_GATES);
  const esp_key key = esp_key_of(esp_key_of(gates, (uint64_t)step), (uint64_t)target);
  const double u = (double)esp_random_uniform(key, unit) + 0x1p-25; /* neither 0 nor 1 */
  return esp__hard_gate_noisy(initial + (double)p->state[GATE][p->target[target].first + unit], u);
}

static void before(esp_pruner *p, const esp_step_ctx *now) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++)
    for (size_t u = 0; u < p->target[i].units; u++)
      p->score[p->target[i].first + u] = (float)noisy(p, i, u, now->step).z;
  esp__hard_gates_apply(p, p->score);
}

/* Moves the gates of a target; leaves z in p->score. */
static void move_gates(esp_pruner *p, int target, const esp_step_ctx *now) {
  const size_t first = p->target[target].first;
  for (size_t u = 0; u < p->target[target].units; u++) {
    const esp__hard_gate g = noisy(p, target, u, now->step);
    float *gate = &p->state[GATE][first + u];
    const double open = esp__hard_gate_open(initial + (double)*gate);
    p->score[first + u] = (float)g.z;
    esp__reparametrised_move(gate, &p->state[VELOCITY][first + u],
                             p->sum[first + u] * g.slope +
                                 esp_strength_options_of(p->opt)->strength * open * (1.0 - open),
                             now);
  }
}

static esp_status gradient(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    esp__hard_gates_sum(&p->target[i], p->sum + p->target[i].first);
    move_gates(p, i, now);
  }
  esp__hard_gates_chain(p, p->score, (float)now->decay);
  return ESP_OK;
}

static void values(const esp_pruner *p, int part, float *value) {
  const esp_slice *s = p->part[part].slice;
  const float *gate = p->state[GATE] + p->part[part].target->first;
  for (size_t k = 0; k < s->param->count; k++) {
    const uint32_t unit = esp_slice_unit(s, k);
    const double z = unit == ESP_NO_UNIT ? 1.0 : esp__hard_gate_still(initial + (double)gate[unit]);
    value[k] = s->param->shadow[k] * (float)z;
  }
}

static const esp_prune_hooks hooks = {
    .state = {{"gate", ESP_PER_UNIT}, {"gate-velocity", ESP_PER_UNIT}},
    .before = before,
    .gradient = gradient,
    .values = values};

const esp_regulariser esp__regulariser_l0 = {
    .name = "l0",
    .help = "gates on every unit, often exactly 0; strength * P(open) (Louizos et al. 2018)",
    .keys = {&esp_strength_keys},
    .shadow = true,
    .hooks = &hooks,
};
