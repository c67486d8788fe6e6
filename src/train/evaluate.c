#include "base/clock.h"

#include <espalier/train.h>

#include <math.h>

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

void esp_metrics_add(esp_metrics *m, const esp_graph *graph, const esp_batch *batch,
                     esp_outcome outcome, int64_t *confusion) {
  const esp_value *logits = esp_graph_output(graph);
  const esp_tasks *tasks = esp_graph_tasks_of(graph);
  const int classes = tasks->item[0].answers;
  m->loss_sum += outcome.loss_sum;
  m->count += outcome.count;
  if (!batch->labels) return;
  for (int i = 0; i < batch->count; i++) {
    const int label = batch->labels[i];
    int answer, other;
    const int rank = rank_of(logits, &tasks->item[0], i, label, &answer);
    m->top1 += rank == 0;
    m->top5 += rank < 5;
    m->right[0] += rank == 0;
    for (int t = 1; t < tasks->count; t++) {
      const esp_task *task = &tasks->item[t];
      m->right[t] += rank_of(logits, task, i, esp_task_answer(task, label), &other) == 0;
    }
    if (confusion) confusion[label * classes + answer]++;
  }
}

void esp_answers(esp_model *model, esp_graph *graph, esp_loader *loader, int32_t *answer) {
  const esp_batch *batch;
  const esp_value *logits = esp_graph_output(graph);
  const esp_task *classes = &esp_graph_tasks_of(graph)->item[0];
  esp_params_swap_average(&model->params);
  esp_loader_start(loader, 0, 0);
  while ((batch = esp_loader_next(loader))) {
    esp_graph_forward(graph, batch, (esp_pass){0});
    for (int i = 0; i < batch->count; i++) {
      int best;
      rank_of(logits, classes, i, 0, &best);
      *answer++ = best;
    }
  }
  esp_params_swap_average(&model->params);
}

void esp_evaluate(esp_model *model, esp_graph *graph, esp_loader *loader, esp_metrics *m,
                  int64_t *confusion) {
  const esp_batch *batch;
  *m = (esp_metrics){0};
  esp_params_swap_average(&model->params);
  esp_loader_start(loader, 0, 0);
  while ((batch = esp_loader_next(loader))) {
    const double start = esp__seconds();
    const esp_outcome outcome = esp_graph_forward(graph, batch, (esp_pass){0});
    m->seconds += esp__seconds() - start;
    esp_metrics_add(m, graph, batch, outcome, confusion);
  }
  esp_params_swap_average(&model->params);
}
