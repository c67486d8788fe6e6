#include "autograd/shares.h"
#include "base/clock.h"

#include <espalier/train.h>

#include <math.h>
#include <string.h>

/* A logit that is not a number is the lowest: a network that diverged is right about nothing. */
static float logit(const esp_value *logits, int image, int c) {
  const float v = esp_value_at(logits, image, c, 0, 0);
  return v == v ? v : -INFINITY;
}

/* Answers of the task that come before the right one when sorted by logit, of equal ones by
 * number. */
static int rank_of(const esp_value *logits, const esp_task *task, int image, int label,
                   int *answer) {
  const float own = logit(logits, image, task->first + label);
  float best = own;
  int rank = 0;
  *answer = label;
  for (int c = 0; c < task->answers; c++) {
    const float v = logit(logits, image, task->first + c);
    rank += v > own || (v == own && c < label);
    if (v > best || (v == best && c < *answer)) {
      best = v;
      *answer = c;
    }
  }
  return rank;
}

/* Images whose label is the best, among the five best; and answered right, in each task. */
enum { TOP1, TOP5, RIGHT, COUNTS = RIGHT + ESP_TASKS_MAX };

/* Counts the images of a pass that this process has. */
static void count(const esp_graph *graph, const esp_batch *batch, int64_t counts[COUNTS],
                  int64_t *confusion) {
  const esp_value *logits = esp_graph_output(graph);
  const esp_tasks *tasks = esp_graph_tasks_of(graph);
  const int classes = tasks->item[0].answers;
  for (int i = 0; i < batch->count; i++) {
    const int label = batch->labels[i];
    int answer, other;
    const int rank = rank_of(logits, &tasks->item[0], i, label, &answer);
    counts[TOP1] += rank == 0;
    counts[TOP5] += rank < 5;
    counts[RIGHT] += rank == 0;
    for (int t = 1; t < tasks->count; t++) {
      const esp_task *task = &tasks->item[t];
      counts[RIGHT + t] += rank_of(logits, task, i, esp_task_answer(task, label), &other) == 0;
    }
    if (confusion) confusion[label * classes + answer]++;
  }
}

/* Adds what all processes have counted. */
static void add_counts(esp_metrics *m, const esp_graph *graph, int64_t counts[COUNTS]) {
  esp__graph_add_counts(graph, counts, COUNTS);
  m->top1 += counts[TOP1];
  m->top5 += counts[TOP5];
  for (int t = 0; t < ESP_TASKS_MAX; t++) m->right[t] += counts[RIGHT + t];
}

static void add_targets(esp_metrics *m, const esp_target_scale *scale, const esp_outcome *o) {
  m->targets = scale->count;
  for (int t = 0; t < scale->count; t++) {
    m->squared[t] += o->squared[t] * scale->std[t] * scale->std[t];
    m->variance[t] = scale->variance[t];
  }
}

static void add_outcome(esp_metrics *m, const esp_batch *batch, const esp_outcome *o) {
  m->loss_sum += o->loss_sum;
  m->count += o->count;
  if (batch->targets) add_targets(m, batch->scale, o);
}

void esp_metrics_add(esp_metrics *m, const esp_graph *graph, const esp_batch *batch,
                     esp_outcome outcome, int64_t *confusion) {
  int64_t counts[COUNTS] = {0};
  add_outcome(m, batch, &outcome);
  if (!batch->labels) return;
  count(graph, batch, counts, confusion);
  add_counts(m, graph, counts);
}

void esp_answers(esp_model *model, esp_graph *graph, esp_loader *loader, int64_t *best,
                 int32_t *answer) {
  const esp_batch *batch;
  const esp_value *logits = esp_graph_output(graph);
  const esp_task *classes = &esp_graph_tasks_of(graph)->item[0];
  esp_params_swap_average(&model->params);
  esp_loader_start(loader, 0, 0);
  while ((batch = esp_loader_next(loader))) {
    esp_graph_forward(graph, batch, (esp_pass){0});
    const int all = esp_batch_images(batch);
    memset(best, 0, (size_t)all * sizeof *best);
    for (int i = 0; i < batch->count; i++) {
      int own;
      rank_of(logits, classes, i, 0, &own);
      best[batch->first + i] = own;
    }
    esp__graph_add_counts(graph, best, all);
    for (int i = 0; i < all; i++) *answer++ = (int32_t)best[i];
  }
  esp_params_swap_average(&model->params);
}

void esp_evaluate(esp_model *model, esp_graph *graph, esp_loader *loader, esp_metrics *m,
                  int64_t *confusion) {
  const int classes = esp_graph_tasks_of(graph)->item[0].answers;
  const esp_batch *batch;
  int64_t counts[COUNTS] = {0};
  *m = (esp_metrics){0};
  esp_params_swap_average(&model->params);
  esp_loader_start(loader, 0, 0);
  while ((batch = esp_loader_next(loader))) {
    const double start = esp__seconds();
    const esp_outcome outcome = esp_graph_forward(graph, batch, (esp_pass){0});
    m->seconds += esp__seconds() - start;
    add_outcome(m, batch, &outcome);
    if (batch->labels) count(graph, batch, counts, confusion);
  }
  add_counts(m, graph, counts);
  if (confusion) esp__graph_add_counts(graph, confusion, classes * classes);
  esp_params_swap_average(&model->params);
}
