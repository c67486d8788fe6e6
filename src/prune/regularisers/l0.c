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

static void before(esp_pruner *p, const esp_moment *now) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    double slope;
    for (size_t u = 0; u < t->units; u++) {
      const float z = (float)noisy(p, i, u, now->step, &slope);
      for (size_t k = u * t->unit_size; k < (u + 1) * t->unit_size; k++)
        t->weight->value[k] = t->weight->shadow[k] * z;
    }
  }
}

static void move_unit(esp_pruner *p, int target, size_t u, const esp_moment *now) {
  const esp_target *t = &p->target[target];
  const esp_param *w = t->weight;
  float *gate = &p->state[GATE][t->first + u];
  double slope, sum = 0.0;
  const double z = noisy(p, target, u, now->step, &slope);
  const double alive = esp_sigmoid(initial + (double)*gate - beta * esp_log(-low / high));
  for (size_t k = u * t->unit_size; k < (u + 1) * t->unit_size; k++) {
    sum += (double)w->grad[k] * (double)w->shadow[k];
    w->grad[k] = (float)z * w->grad[k] + (float)now->decay * w->shadow[k];
  }
  esp_latent_move(gate, &p->state[VELOCITY][t->first + u],
                  sum * slope + p->opt->strength * alive * (1.0 - alive), now);
}

static esp_status gradient(esp_pruner *p, const esp_moment *now, esp_error *err) {
  (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++)
    for (size_t u = 0; u < p->target[i].units; u++) move_unit(p, i, u, now);
  return ESP_OK;
}

static void values(const esp_pruner *p, int target, float *value) {
  const esp_target *t = &p->target[target];
  double slope;
  for (size_t u = 0; u < t->units; u++) {
    const float z = (float)cut(esp_sigmoid(initial + (double)p->state[GATE][t->first + u]), &slope);
    for (size_t k = u * t->unit_size; k < (u + 1) * t->unit_size; k++) value[k] = t->weight->shadow[k] * z;
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
