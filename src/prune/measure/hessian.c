/* The Hessian of the loss times its gradient, from gradients at two points. */
#include "prune/measure/criterion_inputs.h"

#include <math.h>
#include <stdlib.h>

/* How far to go along the gradient, as a share of the weights' norm: far enough that rounding does
 * not show, near enough that few rectifiers change sides. */
static const double reach = 0.01;

/* Weights that move: those of convolutions and linear layers that are there. */
static bool moves(const esp_param *p, size_t i) {
  return esp_param_prunable(p) && (!p->mask || p->mask->keep[i]);
}

/* reach * |w| / |g| over the weights that move; 0 without a gradient. */
static double step_along(const esp_model *m) {
  double weights = 0.0, gradients = 0.0;
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    for (size_t i = 0; i < p->count; i++) {
      if (!moves(p, i)) continue;
      weights += (double)p->value[i] * (double)p->value[i];
      gradients += (double)p->grad[i] * (double)p->grad[i];
    }
  }
  return gradients > 0.0 ? reach * sqrt(weights / gradients) : 0.0;
}

/* w = value + by * gradient */
static void go(const esp_model *m, const float *value, const float *gradient, double by) {
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    for (size_t i = 0; i < p->count; i++)
      if (moves(p, i)) p->value[i] = (float)((double)value[i] + by * (double)gradient[i]);
    value += p->count;
    gradient += p->count;
  }
}

/* grad = (grad - behind) / (2 by) */
static void divide(const esp_model *m, const float *behind, double by) {
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    for (size_t i = 0; esp_param_trains(p) && i < p->count; i++)
      p->grad[i] = by > 0.0 ? (float)(((double)p->grad[i] - (double)behind[i]) / (2.0 * by)) : 0.0f;
    behind += p->count;
  }
}

static esp_status both_sides(const esp_model *m, const esp_probe *probe, const float *value,
                             const float *gradient, esp_error *err) {
  const double by = step_along(m);
  float *behind = NULL;
  go(m, value, gradient, -by);
  ESP_TRY(esp__measure_gradient(m, probe, err));
  ESP_TRY(esp__gradients_save(&m->params, &behind, err));
  go(m, value, gradient, by);
  const esp_status status = esp__measure_gradient(m, probe, err);
  if (status == ESP_OK) divide(m, behind, by);
  free(behind);
  return status;
}

esp_status esp__measure_hessian(const esp_model *m, const esp_probe *probe, esp_error *err) {
  float *value = NULL, *gradient = NULL;
  ESP_TRY(esp__measure_gradient(m, probe, err));
  ESP_TRY(esp__values_save(&m->params, &value, err));
  esp_status status = esp__gradients_save(&m->params, &gradient, err);
  if (status == ESP_OK) status = both_sides(m, probe, value, gradient, err);
  esp__values_restore(&m->params, value);
  free(value);
  free(gradient);
  return status;
}
