/* What a round looks at before it prunes. */
#include "prune/measure/criterion_inputs.h"

#include "prune/measure/by_image.h"
#include "prune/measure/turns.h"

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for what the pruning criterion measures");
}

/* ---- passes over the batches ---- */

static void add_floats(void *sum, size_t first, size_t n, const float *from) {
  float *to = (float *)sum + first;
  for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static void add_gradients(const esp__turns *t, const esp_params *ps, float *sum) {
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    if (esp_param_trains(p)) esp__turns_add(t, p->grad, p->count, add_floats, sum);
    sum += p->count;
  }
}

static void put_gradients(const esp_params *ps, const float *sum, float share) {
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    for (size_t i = 0; esp_param_trains(p) && i < p->count; i++) p->grad[i] = sum[i] * share;
    sum += p->count;
  }
}

static void plain_backward(esp_graph *g, const void *with) {
  (void)with;
  esp_graph_backward(g);
}

/* Running statistics move when passes use those of the batch, so values come back afterwards. */
static esp_status average(const esp_model *m, const esp_probe *probe, esp__backward_fn *backward,
                          const void *with, float *sum, esp_error *err) {
  float *saved = NULL;
  esp__turns turns;
  ESP_TRY(esp__turns_open(&turns, probe, err));
  esp_status status = probe->pass.training ? esp__values_save(&m->params, &saved, err) : ESP_OK;
  while (status == ESP_OK && esp__turns_next(&turns)) {
    if (turns.mine) backward(probe->graph, with);
    add_gradients(&turns, &m->params, sum);
  }
  put_gradients(&m->params, sum, 1.0f / (float)(turns.done > 0 ? turns.done : 1));
  esp__turns_close(&turns);
  if (saved) esp__values_restore(&m->params, saved);
  free(saved);
  return status;
}

esp_status esp__measure_mean(const esp_model *m, const esp_probe *probe, esp__backward_fn *backward,
                             const void *with, esp_error *err) {
  float *sum = calloc(esp__values_count(&m->params) + 1, sizeof *sum);
  if (!sum) return no_memory(err);
  const esp_status status = average(m, probe, backward, with, sum, err);
  free(sum);
  return status;
}

esp_status esp__measure_gradient(const esp_model *m, const esp_probe *probe, esp_error *err) {
  return esp__measure_mean(m, probe, plain_backward, NULL, err);
}

/* ---- scores averaged over the batches ---- */

static void add_scores(void *sum, size_t first, size_t n, const float *score) {
  double *to = (double *)sum + first;
  for (size_t u = 0; u < n; u++) to[u] += (double)score[u];
}

static void score_batch(esp_pruner *p, esp_graph *graph) {
  esp_graph_backward(graph);
  esp_pruner_score(p, p->criterion);
}

static esp_status average_scores(esp_pruner *p, const esp_probe *probe, double *sum,
                                 esp_error *err) {
  esp__turns t;
  ESP_TRY(esp__turns_open(&t, probe, err));
  while (esp__turns_next(&t)) {
    if (t.mine) score_batch(p, probe->graph);
    esp__turns_add(&t, p->score, p->units, add_scores, sum);
  }
  for (size_t u = 0; u < p->units; u++) p->score[u] = (float)(sum[u] / (t.done > 0 ? t.done : 1));
  esp__turns_close(&t);
  return ESP_OK;
}

static size_t largest_plane(const esp_pruner *p, const esp_graph *graph) {
  size_t most = 0;
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_tensor *t = esp_graph_activity(graph, p->scored[i].slice->param).output;
    const size_t size = (size_t)t->height * (size_t)t->width;
    if (size > most) most = size;
  }
  return most;
}

/* Lets scores see activations while they are averaged. */
static esp_status look(esp_pruner *p, const esp_probe *probe, double *sum, esp_error *err) {
  p->plane_size = largest_plane(p, probe->graph);
  p->planes = malloc((size_t)p->pools * p->plane_size * sizeof *p->planes);
  if (!p->planes) return no_memory(err);
  p->graph = probe->graph;
  const esp_status status = average_scores(p, probe, sum, err);
  p->graph = NULL;
  free(p->planes);
  p->planes = NULL;
  return status;
}

static esp_status measure_scores(esp_pruner *p, const esp_probe *probe, esp_error *err) {
  esp_status status = ESP_OK;
  float *saved = NULL;
  double *sum = calloc(p->units, sizeof *sum);
  if (!sum) return no_memory(err);
  if (probe->pass.training) status = esp__values_save(&p->model->params, &saved, err);
  if (status == ESP_OK && p->criterion->needs == ESP_NEEDS_ACTIVATIONS)
    status = look(p, probe, sum, err);
  else if (status == ESP_OK)
    status = average_scores(p, probe, sum, err);
  if (saved) esp__values_restore(&p->model->params, saved);
  free(saved);
  free(sum);
  return status;
}

static esp_status measure_images(esp_pruner *p, const esp_probe *probe, esp_error *err) {
  esp__single_images images;
  esp_probe single;
  ESP_TRY(esp__single_images_open(&images, probe, p->model->input, &single, err));
  const esp_status status = measure_scores(p, &single, err);
  esp__single_images_close(&images);
  return status;
}

esp_status esp__pruner_measure(esp_pruner *p, const esp_probe *probe, esp_error *err) {
  switch (p->criterion->needs) {
    case ESP_NEEDS_GRADIENTS:
      if (esp__by_image(p->opt, p->criterion)) return measure_images(p, probe, err);
      return measure_scores(p, probe, err);
    case ESP_NEEDS_ACTIVATIONS:
      return measure_scores(p, probe, err);
    case ESP_NEEDS_GRADIENT:
      ESP_TRY(esp__measure_gradient(p->model, probe, err));
      break;
    case ESP_NEEDS_PASSES:
      ESP_TRY(p->criterion->measure(p, probe, err));
      break;
    case ESP_NEEDS_NOTHING:
    case ESP_NEEDS_SCALE:
    case ESP_NEEDS_MOVEMENT:
      break;
  }
  esp_pruner_score(p, p->criterion);
  return ESP_OK;
}
