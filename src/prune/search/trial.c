#include "prune/search/trial.h"

#include "prune/measure/criterion_inputs.h"
#include "prune/workspace.h"

#include <stdlib.h>
#include <string.h>

struct esp__trial {
  esp_pruner *pruner;
  bool measured;                  /* in a workspace that is the trial's to close */
  float *score, *value, *average; /* as they were; average NULL: there are none */
};

static bool averages(const esp_model *m) {
  return m->params.count > 0 && m->params.item[0]->average;
}

/* A copy of the values, and one of the moving averages. */
static esp_status keep(esp__trial *t, esp_error *err) {
  esp_model *m = t->pruner->model;
  esp_pruner *p = t->pruner;
  const size_t bytes = p->units * sizeof *t->score;
  if (!p->densities) p->densities = calloc((size_t)p->ranked + 1, sizeof *p->densities);
  if (!p->densities) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a trial");
  if (!(t->score = malloc(bytes)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a trial");
  memcpy(t->score, t->pruner->score, bytes);
  ESP_TRY(esp__values_save(&m->params, &t->value, err));
  if (!averages(m)) return ESP_OK;
  esp_params_swap_average(&m->params);
  const esp_status status = esp__values_save(&m->params, &t->average, err);
  esp_params_swap_average(&m->params);
  return status;
}

esp_status esp__trial_open(esp__trial **trial, esp_pruner *p, const esp_probe *probe,
                           esp_error *err) {
  esp__trial *t = calloc(1, sizeof *t);
  if (!t) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a trial");
  t->pruner = p;
  t->measured = probe != NULL;
  esp_status status = probe ? esp__workspace_open(p, err) : ESP_OK;
  if (status == ESP_OK && probe) status = esp__pruner_measure(p, probe, err);
  if (status == ESP_OK) status = keep(t, err);
  if (status == ESP_OK)
    *trial = t;
  else
    esp__trial_free(t);
  return status;
}

void esp__trial_free(esp__trial *t) {
  if (!t) return;
  if (t->measured) esp__workspace_close(t->pruner);
  free(t->score);
  free(t->value);
  free(t->average);
  free(t);
}

/* The slice's weights whose units go. */
static void zero_slice(const esp_slice *s, const uint8_t *keep) {
  for (size_t i = 0; i < s->param->count; i++) {
    const uint32_t unit = esp_slice_unit(s, i);
    if (unit == ESP_NO_UNIT || keep[unit]) continue;
    s->param->value[i] = 0.0f;
    if (s->param->average) s->param->average[i] = 0.0f;
  }
}

esp_status esp__trial_begin(esp__trial *t, double sparsity, const double *density, esp_error *err) {
  esp_pruner *p = t->pruner;
  memcpy(p->densities, density, (size_t)p->ranked * sizeof *density);
  memcpy(p->score, t->score, p->units * sizeof *p->score);
  ESP_TRY(esp__pruner_select_units(p, sparsity, err));
  for (int i = 0; i < p->pools; i++)
    for (int k = 0; k < p->pool[i].slices; k++)
      zero_slice(&p->pool[i].slice[k], p->keep + p->pool[i].first);
  return ESP_OK;
}

size_t esp__trial_kept(const esp__trial *t, int pool) {
  const esp_ranking_pool *of = &t->pruner->pool[pool];
  size_t kept = 0;
  for (size_t u = of->first; u < of->first + of->units; u++) kept += t->pruner->keep[u];
  return kept;
}

void esp__trial_end(esp__trial *t) {
  esp_params *ps = &t->pruner->model->params;
  if (t->average) {
    esp_params_swap_average(ps);
    esp__values_restore(&t->pruner->model->params, t->average);
    esp_params_swap_average(ps);
  }
  esp__values_restore(&t->pruner->model->params, t->value);
}

void esp__trial_over(esp__trial *t) {
  memcpy(t->pruner->score, t->score, t->pruner->units * sizeof *t->score);
}
