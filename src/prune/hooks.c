/* How methods take part in every step of training: their state, and the values they make. */
#include "prune/pruner.h"

#include <espalier/optim.h>

#include <stdlib.h>

static const esp_prune_hooks *hooks_of(const esp_pruner *p) {
  return p->dynamic ? p->dynamic->hooks : p->regulariser ? p->regulariser->hooks : NULL;
}

/* The hooks, while they act. */
static const esp_prune_hooks *acting(const esp_pruner *p) {
  const bool begun = !p->dynamic || p->changes > 0;
  return begun && !p->finished ? hooks_of(p) : NULL;
}

/* ---- state ---- */

static size_t count_of(const esp_pruner *p, esp_per per) {
  switch (per) {
    case ESP_PER_WEIGHT:
      return p->weights;
    case ESP_PER_UNIT:
      return p->units;
    case ESP_PER_LAYER:
      return (size_t)p->scored_slices;
    case ESP_PER_NETWORK:
      break;
  }
  return 1;
}

esp_prune_state esp_pruner_state(const esp_pruner *p, int i) {
  const esp_prune_hooks *hooks = hooks_of(p);
  if (!hooks || p->finished || i >= ESP_STATES_MAX || !hooks->state[i].name)
    return (esp_prune_state){0};
  return (esp_prune_state){hooks->state[i].name, count_of(p, hooks->state[i].per), p->state[i]};
}

esp_status esp__hooks_open(esp_pruner *p, esp_error *err) {
  const esp_prune_hooks *hooks = hooks_of(p);
  for (int i = 0; hooks && i < ESP_STATES_MAX && hooks->state[i].name; i++)
    if (!(p->state[i] = calloc(count_of(p, hooks->state[i].per), sizeof(float))))
      return esp_fail(err, ESP_ERR_MEMORY, "out of memory for what '%s' keeps",
                      hooks->state[i].name);
  esp__hooks_materialise(p);
  return ESP_OK;
}

void esp__hooks_close(esp_pruner *p) {
  for (int i = 0; i < ESP_STATES_MAX; i++) free(p->state[i]);
}

/* ---- values ---- */

bool esp__hooks_reparametrize(const esp_pruner *p) {
  const esp_prune_hooks *hooks = acting(p);
  if (!hooks || !hooks->reparametrize) return false;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->scored_slices; i++)
    hooks->reparametrize(p, i, p->weight_score + p->scored[i].slice->first_weight);
  return true;
}

void esp__hooks_materialise(esp_pruner *p) {
  const bool reparametrised = esp__hooks_reparametrize(p);
  for (int i = 0; i < p->scored_slices; i++) {
    esp_param *w = p->scored[i].slice->param;
    w->reparametrised = reparametrised;
    if (!reparametrised) continue;
    const float *made = p->weight_score + p->scored[i].slice->first_weight;
    for (size_t k = 0; k < w->count; k++) w->value[k] = w->mask->keep[k] ? made[k] : 0.0f;
  }
}

/* ---- a step ---- */

void esp_pruner_pre_forward(esp_pruner *p, const esp_step_ctx *now) {
  const esp_prune_hooks *hooks = acting(p);
  if (hooks && hooks->pre_forward) hooks->pre_forward(p, now);
}

esp_status esp_pruner_post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  const esp_prune_hooks *hooks = acting(p);
  return hooks && hooks->post_backward ? hooks->post_backward(p, now, err) : ESP_OK;
}

void esp_pruner_post_step(esp_pruner *p, const esp_step_ctx *now) {
  const esp_prune_hooks *hooks = acting(p);
  if (!hooks || !hooks->reparametrize) return;
  esp__hooks_materialise(p);
  for (int i = 0; i < p->scored_slices; i++)
    if (p->scored[i].slice->param->average)
      esp_average_step(p->scored[i].slice->param, now->average);
}
