#include "base/mathx.h"
#include "prune/latent.h"

/* Hard concrete gates: value = w z for every unit, z = s (high - low) + low, cut to [0, 1]. In training
 *     s = sigmoid((log u - log(1 - u) + a) / beta)     u uniform, drawn for each step
 * elsewhere s = sigmoid(a). The penalty strength * sum of P(z > 0) = sigmoid(a - beta log(-low / high)) pulls
 * the a down; they start where z = 1. The state is a without that start. */
enum { GATE, VELOCITY };
static const double low = -0.1, high = 1.1, beta = 2.0 / 3.0, initial = 2.5;

/* z, and d z / d a in *slope */
static double cut(double s, double *slope) {
  const double z = s * (high - low) + low;
  *slope = z > 0.0 && z < 1.0 ? (high - low) * s * (1.0 - s) : 0.0;
  return z < 0.0 ? 0.0 : z > 1.0 ? 1.0 : z;
}

static double noisy(const esp_pruner *p, int target, size_t unit, int64_t step, double *slope) {
  const esp_target *t = &p->target[target];
  const esp_key key =
      esp_key_of(esp_key_of(esp_key_of(p->key, ESP_STREAM_GATES), (uint64_t)step), (uint64_t)target);
  const double u = (double)esp_random_uniform(key, unit) + 0x1p-25; /* neither 0 nor 1 */
  const double a = initial + (double)p->state[GATE][t->first + unit];
  const double z = cut(esp_sigmoid((esp_log(u) - esp_log(1.0 - u) + a) / beta), slope);
  *slope /= beta;
  return z;
}

/* value = shadow * z of the weight's unit, which stands in p->score; a weight without one has no gate. */
static void close_gates(const esp_pruner *p, const esp_part *part, float *value) {
  const esp_slice *s = part->slice;
  const float *z = p->score + part->target->first;
  for (size_t k = 0; k < s->param->count; k++) {
    const uint32_t unit = esp_slice_unit(s, k);
    value[k] = s->param->shadow[k] * (unit == ESP_NO_UNIT ? 1.0f : z[unit]);
  }
}

static void before(esp_pruner *p, const esp_moment *now) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    double slope;
    for (size_t u = 0; u < p->target[i].units; u++)
      p->score[p->target[i].first + u] = (float)noisy(p, i, u, now->step, &slope);
  }
  for (int i = 0; i < p->parts; i++) close_gates(p, &p->part[i], p->part[i].slice->param->value);
}

/* p->sum = the gradients of the units' gates: of weight * gradient, over the unit's weights. */
static void sum_gates(esp_pruner *p, const esp_target *t) {
  double *sum = p->sum + t->first;
  for (size_t u = 0; u < t->units; u++) sum[u] = 0.0;
  for (int k = 0; k < t->slices; k++) {
    const esp_slice *s = &t->slice[k];
    for (size_t i = 0; s->scored && i < s->param->count; i++) {
      const uint32_t unit = esp_slice_unit(s, i);
      if (unit != ESP_NO_UNIT) sum[unit] += (double)s->param->grad[i] * (double)s->param->shadow[i];
    }
  }
}

/* Moves the gates of a target; leaves z in p->score. */
static void move_gates(esp_pruner *p, int target, const esp_moment *now) {
  const esp_target *t = &p->target[target];
  for (size_t u = 0; u < t->units; u++) {
    double slope;
    float *gate = &p->state[GATE][t->first + u];
    p->score[t->first + u] = (float)noisy(p, target, u, now->step, &slope);
    const double alive = esp_sigmoid(initial + (double)*gate - beta * esp_log(-low / high));
    esp_latent_move(gate, &p->state[VELOCITY][t->first + u],
                    p->sum[t->first + u] * slope + p->opt->strength * alive * (1.0 - alive), now);
  }
}

static void weight_gradients(const esp_pruner *p, const esp_part *part, const esp_moment *now) {
  const esp_slice *s = part->slice;
  const float *z = p->score + part->target->first, decay = (float)now->decay;
  for (size_t k = 0; k < s->param->count; k++) {
    const uint32_t unit = esp_slice_unit(s, k);
    const float gate = unit == ESP_NO_UNIT ? 1.0f : z[unit];
    s->param->grad[k] = gate * s->param->grad[k] + decay * s->param->shadow[k];
  }
}

static esp_status gradient(esp_pruner *p, const esp_moment *now, esp_error *err) {
  (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    sum_gates(p, &p->target[i]);
    move_gates(p, i, now);
  }
  for (int i = 0; i < p->parts; i++) weight_gradients(p, &p->part[i], now);
  return ESP_OK;
}

static void values(const esp_pruner *p, int part, float *value) {
  const esp_slice *s = p->part[part].slice;
  const float *gate = p->state[GATE] + p->part[part].target->first;
  double slope;
  for (size_t k = 0; k < s->param->count; k++) {
    const uint32_t unit = esp_slice_unit(s, k);
    const double z = unit == ESP_NO_UNIT ? 1.0 : cut(esp_sigmoid(initial + (double)gate[unit]), &slope);
    value[k] = s->param->shadow[k] * (float)z;
  }
}

static const esp_prune_hooks hooks = {.state = {{"gate", ESP_PER_UNIT}, {"gate-velocity", ESP_PER_UNIT}},
                                      .before = before,
                                      .gradient = gradient,
                                      .values = values};

const esp_regulariser esp_regulariser_l0 = {
    .name = "l0",
    .help =
        "gates that are often exactly 0 on every unit; strength * probability of being open (Louizos et al. "
        "2018)",
    .shadow = true,
    .hooks = &hooks,
};
