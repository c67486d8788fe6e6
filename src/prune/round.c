/* When masks change: in rounds, or in steps of the training. */
#include "prune/measure/by_image.h"
#include "prune/measure/criterion_inputs.h"
#include "prune/search/search.h"
#include "prune/workspace.h"

#include <math.h>

void esp_pruner_set_epoch(esp_pruner *p, int64_t steps) {
  const double wanted = p->opt->every_epochs * (double)steps;
  p->pause = (int64_t)(p->opt->pause_epochs * (double)steps);
  if (p->opt->every_epochs > 0.0) p->every = wanted < 1.0 ? 1 : (int64_t)wanted;
}

int esp_pruner_rounds(const esp_pruner *p) {
  return esp_prune_rounds(p->opt);
}

/* What the schedule asks for at `t`. A share of a threshold goes as the same share of
 * `sparsity`. */
static double asked(const esp_pruner *p, double t) {
  if (esp_pruner_by_threshold(p)) return p->opt->sparsity * p->schedule->ramp(t);
  return p->schedule->sparsity(p->opt, t);
}

double esp_pruner_round_sparsity(const esp_pruner *p, int round) {
  if (p->when == ESP_PRUNE_TRAINING) return p->opt->sparsity;
  return asked(p, (double)round / (double)esp_pruner_rounds(p));
}

bool esp__pruner_sees_images(const esp_pruner *p) {
  const esp_criterion *c = p->criterion;
  return c && (c->needs == ESP_NEEDS_ACTIVATIONS || c->needs == ESP_NEEDS_PASSES ||
               esp__by_image(p->opt, c));
}

/* ---- pruning ---- */

esp_status esp_pruner_prepare(esp_pruner *p, esp_graph *graph, esp_error *err) {
  if (p->criterion && p->criterion->fits) ESP_TRY(p->criterion->fits(graph, err));
  const bool asks = p->when == ESP_PRUNE_INIT && p->criterion && p->criterion->prepare;
  return asks ? p->criterion->prepare(p->model, graph, err) : ESP_OK;
}

static esp_status prune_by_score(esp_pruner *p, double sparsity, int *floored, esp_error *err) {
  ESP_TRY(esp__pruner_select_units(p, sparsity, err));
  esp_pruner_commit(p);
  p->changes++;
  *floored = p->floored;
  return ESP_OK;
}

static esp_status measure_and_prune(esp_pruner *p, const esp_probe *probe, double sparsity,
                                    int *floored, esp_error *err) {
  ESP_TRY(esp__pruner_measure(p, probe, err));
  if (p->distribution->search) ESP_TRY(esp__pruner_search(p, sparsity, err));
  return prune_by_score(p, sparsity, floored, err);
}

esp_status esp_pruner_round(esp_pruner *p, const esp_probe *probe, double sparsity, int *floored,
                            esp_error *err) {
  esp_status status = esp__workspace_open(p, err);
  if (status == ESP_OK) status = measure_and_prune(p, probe, sparsity, floored, err);
  esp__workspace_close(p);
  return status;
}

esp_status esp_pruner_prune(esp_pruner *p, double sparsity, int *floored, esp_error *err) {
  ESP_TRY(esp__workspace_open(p, err));
  esp_pruner_score(p, p->criterion);
  const esp_status status = prune_by_score(p, sparsity, floored, err);
  esp__workspace_close(p);
  return status;
}

static double progress(const esp_pruner *p, int64_t step, int64_t begin, int64_t end) {
  return esp_prune_progress(step - begin, end - begin, p->opt->ramps, p->pause);
}

static bool is_change(const esp_pruner *p, int64_t step, int64_t begin, int64_t end) {
  if (step < begin || step > end) return false;
  return step == end || ((step - begin) % p->every == 0 && progress(p, step, begin, end) >= 0.0);
}

int esp_pruner_count_changes(const esp_pruner *p, int64_t begin, int64_t end, int most) {
  int changes = 0;
  for (int64_t step = begin; step < end && changes < most; step += p->every)
    changes += is_change(p, step, begin, end);
  return changes < most && end >= begin ? changes + 1 : changes;
}

static bool looks_at_gradients(const esp_pruner *p) {
  if (p->dynamic) return p->dynamic->needs_gradient;
  return p->criterion->needs == ESP_NEEDS_GRADIENT || p->criterion->needs == ESP_NEEDS_GRADIENTS;
}

bool esp_pruner_needs_dense(const esp_pruner *p, int64_t step, int64_t begin, int64_t end) {
  if (p->pool[0].weight->shadow) return true;
  return is_change(p, step, begin, end) && looks_at_gradients(p);
}

/* movement -= w g, before the step moves w. What is pruned has w = 0 and moves no further. */
static void gather_movement(const esp_pruner *p) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    for (size_t i = 0; w->movement && i < w->count; i++) w->movement[i] -= w->value[i] * w->grad[i];
  }
}

esp_status esp_pruner_step(esp_pruner *p, int64_t step, int64_t begin, int64_t end, bool *changed,
                           esp_error *err) {
  *changed = false;
  if (p->criterion && p->criterion->needs == ESP_NEEDS_MOVEMENT) gather_movement(p);
  if (!is_change(p, step, begin, end)) return ESP_OK;
  const double t = progress(p, step, begin, end);
  int floored;
  *changed = true;
  if (!p->dynamic) return esp_pruner_prune(p, asked(p, t), &floored, err);
  ESP_TRY(p->dynamic->change(p, t, err));
  p->changes++;
  esp__hooks_materialise(p);
  if (step == end) esp_pruner_finish(p);
  return ESP_OK;
}
