/* The loss at the end of a graph; its gradient at the logits is computed along with it. */
#include "autograd/targets.h"

#include <string.h>

/* The right answers for the images of a block. */
static void answer(const esp_task *task, const int32_t *labels, int images, int32_t *right) {
  for (int i = 0; i < images; i++) right[i] = esp_task_answer(task, labels[i]);
}

/* The loss of a task over the block at k->logits, with what the teacher says of it. */
static void run_task(const esp_graph *g, int block, const esp_task *task, esp__loss_block *k) {
  const esp__kernels *kernels = g->kernels;
  const bool distills = g->teacher && g->pass.training;
  const esp__distill_target target = {
      distills ? esp_plane(&g->teacher->logits->data, block, task->first) : NULL, g->teacher_share,
      g->temperature};
  if (distills && g->match_logits) {
    kernels->match_numbers(k, target.logits);
    return;
  }
  if (g->current->targets) {
    esp__targets_loss(g, block, k);
    return;
  }
  int32_t right[ESP_LANES];
  answer(task, g->current->labels + block * ESP_LANES, k->valid, right);
  k->labels = right;
  if (g->loss_kind == ESP_LOSS_CROSS_ENTROPY)
    kernels->cross_entropy(k);
  else
    kernels->mean_squared(k);
  if (distills) kernels->distill(k, &target);
}

/* The loss of the images of a part, in order; behind it what is measured of targets. */
static void run_part(esp_graph *g, esp__block_range part, double *number) {
  const esp_tensor *x = &g->logits->data, *dx = &g->logits->grad;
  double sum = 0.0;
  for (int block = part.begin; block < part.end; block++) {
    if (g->current->targets) esp__targets_measure(g, block, number + 1);
    for (int t = 0; t < g->tasks.count; t++) {
      const esp_task *task = &g->tasks.item[t];
      esp__loss_block k = {.logits = esp_plane(x, block, task->first),
                           .grad = dx->data ? esp_plane(dx, block, task->first) : NULL,
                           .classes = task->answers,
                           .valid = esp_lanes_valid(g->current->count, block),
                           .smoothing = g->pass.training ? g->smoothing : 0.0f,
                           .scale = task->weight / (float)esp__graph_all_images(g)};
      run_task(g, block, task, &k);
      for (int i = 0; i < k.valid; i++) sum += (double)task->weight * (double)k.loss[i];
    }
  }
  number[0] = sum;
}

void esp__loss_run(esp_graph *g) {
  const int targets = g->current->targets ? esp__targets_measured(g) : 0, n = 1 + targets;
  double *number = esp__shares_part_numbers(&g->shares);
  memset(number, 0, (size_t)(n * g->shares.parts) * sizeof *number);
  for (int i = 0; i < g->shares.parts; i++) run_part(g, esp__graph_part(g, i), number + i * n);
  const double *sum = esp__shares_add(&g->shares, n);
  g->outcome.loss_sum = sum[0];
  for (int t = 0; t < targets; t++) g->outcome.squared[t] = sum[1 + t];
}

esp_status esp_graph_loss(esp_graph *g, esp_value *logits, esp_loss_kind kind, float smoothing,
                          esp_error *err) {
  const esp_tensor *t = &logits->data;
  if (t->height != 1 || t->width != 1)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "loss: the network ends in %dx%dx%d; expected classes x 1 x 1 (a linear layer at its end)",
        t->channels, t->height, t->width);
  if (!(smoothing >= 0.0f && smoothing < 1.0f))
    return esp_fail(err, ESP_ERR_INPUT, "loss: label smoothing %g; expected 0 to below 1",
                    (double)smoothing);
  g->logits = logits;
  esp__graph_reserve_numbers(g, 1 + esp__targets_measured(g));
  g->loss_kind = kind;
  g->smoothing = smoothing;
  g->tasks = esp_tasks_plain(t->channels);
  return ESP_OK;
}

esp_status esp_graph_tasks(esp_graph *g, const esp_tasks *tasks, esp_error *err) {
  if (esp_tasks_outputs(tasks) != g->logits->data.channels)
    return esp_fail(err, ESP_ERR_INPUT, "tasks: %d answers for %d logits; expected as many",
                    esp_tasks_outputs(tasks), g->logits->data.channels);
  g->tasks = *tasks;
  return ESP_OK;
}

const esp_tasks *esp_graph_tasks_of(const esp_graph *g) {
  return &g->tasks;
}

void esp_graph_distill(esp_graph *g, const esp_graph *teacher, float share, float temperature) {
  g->teacher = teacher;
  g->match_logits = false;
  g->teacher_share = share;
  g->temperature = temperature;
}

void esp_graph_match_logits(esp_graph *g, const esp_graph *teacher) {
  g->teacher = teacher;
  g->match_logits = teacher != NULL;
}
