#include "prune/search/search.h"

#include "prune/layer_budgets.h"
#include "prune/pruner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- for distributions ---- */

double esp__search_uniform(esp_distribution_search *s) {
  return (double)esp_random_uniform(s->key, s->drawn++);
}
double esp__search_normal(esp_distribution_search *s) {
  return esp_random_normal(s->key, s->drawn++);
}

double esp__search_clip(double number) {
  return number < ESP_POINT_MIN ? ESP_POINT_MIN : number > 1.0 ? 1.0 : number;
}

void esp__search_draw(esp_distribution_search *s, int i, double *point) {
  for (int k = 0; k < s->n; k++) point[k] = i == 0 ? 0.5 : esp__search_clip(esp__search_uniform(s));
}

/* Units that a pool keeps whatever the point says. */
static double least_of(const esp_pruner *p, int i) {
  const double least = ceil(p->opt->layer_floor * (double)p->pool[i].units - 1e-9);
  return least > 0.0 || p->opt->allow_empty ? least : 1.0;
}

/* The pool with most units above its least, -1 if none has any. */
static int richest(const esp_distribution_search *s) {
  int best = -1;
  double most = 0.5;
  for (int i = 0; i < s->n; i++) {
    const double above = s->density[i] * (double)s->pruner->pool[i].units - least_of(s->pruner, i);
    if (above > most) {
      most = above;
      best = i;
    }
  }
  return best;
}

static double cost_now(const esp_distribution_search *s) {
  double cost = 0.0;
  for (int i = 0; i < s->n; i++) cost += s->cost[i] * s->density[i];
  return cost;
}

/* Whole units, as many as fit. Where some have more than the point says, others pay. */
static void round_down(esp_distribution_search *s, double budget) {
  for (int i = 0; i < s->n; i++) {
    const double units = (double)s->pruner->pool[i].units;
    s->density[i] = fmax(floor(s->density[i] * units + 1e-9), least_of(s->pruner, i)) / units;
  }
  for (int i; cost_now(s) > budget * (1.0 + 1e-12) && (i = richest(s)) >= 0;)
    s->density[i] -= 1.0 / (double)s->pruner->pool[i].units;
}

esp_status esp__search_try(esp_distribution_search *s, const double *point, double *fitness,
                           esp_error *err) {
  esp_pruner *p = s->pruner;
  double budget = 0.0;
  for (int i = 0; i < s->n; i++) budget += (1.0 - s->sparsity) * s->cost[i];
  esp__layer_budgets_units(s->density, point, s->cost, s->n, budget);
  if (!esp__pruner_exact(p)) round_down(s, budget);
  ESP_TRY(esp__trial_begin(s->trial, s->sparsity, s->density, err));
  const esp_status status = p->evaluator.fitness(p->evaluator.context, s->done, fitness, err);
  esp__trial_end(s->trial);
  ESP_TRY(status);
  if (s->done == 0 || *fitness > s->best_fitness) {
    memcpy(s->best, s->density, (size_t)s->n * sizeof *s->best);
    s->best_fitness = *fitness;
  }
  s->done++;
  return p->evaluator.after(p->evaluator.context, s->done - 1, s->trials, err);
}

/* ---- the search ---- */

/* What all units of a pool cost, in the weights or multiply-adds of all that goes with them. */
static double cost_of(const esp_ranking_pool *pool, const char *budget) {
  const bool macs = strcmp(budget, "macs") == 0;
  double cost = 0.0;
  if (strcmp(budget, "units") == 0) return (double)pool->units;
  for (int k = 0; k < pool->slices; k++) {
    const esp_slice *s = &pool->slice[k];
    size_t weights = 0;
    if (!esp_param_prunable(s->param)) continue;
    for (size_t i = 0; i < s->param->count; i++) weights += esp_slice_unit(s, i) != ESP_NO_UNIT;
    cost += (double)weights * (macs ? (double)s->param->positions : 1.0);
  }
  return cost;
}

static esp_status open_search(esp_distribution_search *s, esp_error *err) {
  const esp_pruner *p = s->pruner;
  s->n = p->ranked;
  s->key = esp_key_of(esp_key_of(p->key, p->changes), UINT64_MAX);
  s->trials = (int)(s->keys->population * (1 + s->keys->generations));
  if (p->distribution->keeps_best) s->trials -= (int)s->keys->generations;
  s->cost = calloc(3 * (size_t)s->n, sizeof *s->cost);
  if (!s->cost) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the search");
  s->density = s->cost + s->n;
  s->best = s->density + s->n;
  for (int i = 0; i < s->n; i++) s->cost[i] = cost_of(&p->pool[i], s->keys->budget);
  return esp__trial_open(&s->trial, s->pruner, NULL, err);
}

static esp_status run_search(esp_distribution_search *s, esp_error *err) {
  const esp_distribution *d = s->pruner->distribution;
  const size_t members = (size_t)d->copies * (size_t)s->keys->population;
  double *fitness = calloc(members * (size_t)(1 + s->n), sizeof *fitness);
  if (!fitness) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the search");
  const esp_status status = d->search(s, fitness, fitness + members, err);
  free(fitness);
  return status;
}

esp_status esp__pruner_search(esp_pruner *p, double sparsity, esp_error *err) {
  esp_distribution_search s = {
      .pruner = p, .keys = esp_search_options_of(p->opt), .sparsity = sparsity};
  if (!p->evaluator.fitness)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: distribution '%s' tries networks out, which only a run can judge",
                    p->distribution->name);
  esp_status status = open_search(&s, err);
  if (status == ESP_OK) status = run_search(&s, err);
  if (status == ESP_OK) {
    memcpy(p->densities, s.best, (size_t)s.n * sizeof *s.best);
    esp__trial_over(s.trial);
  }
  esp__trial_free(s.trial);
  free(s.cost);
  return status;
}

void esp_pruner_set_trial_evaluator(esp_pruner *p, esp_trial_evaluator judge) {
  p->evaluator = judge;
}
