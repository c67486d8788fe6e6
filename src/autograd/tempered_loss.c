/* With temperature T, z the logits, s the task's weight / images, tangents as primes:
 *
 *     cross entropy   p = softmax(z / T)   dz = s / T (p - target)
 *                                          dz' = s / T^2 p (z' - sum p z')
 *     mean squared    C answers            dz = 2 s / (C T) (z / T - target)
 *                                          dz' = 2 s / (C T^2) z'
 *
 * Real-valued targets are numbers of their own, so there T is 1. */
#include "autograd/tempered_loss.h"

#include "base/mathx.h"

/* One image's answers to one task: columns of [answers][16]. */
typedef struct column {
  const float *z, *along; /* along: NULL without tangents */
  const float *wanted;    /* targets; NULL: there is a right answer */
  float *grad, *grad_along;
  int answers, right;
  double smoothing, scale, temperature;
} column;

static double target_of(const column *k, int c) {
  if (k->wanted) return (double)k->wanted[c * ESP_LANES];
  return (c == k->right ? 1.0 - k->smoothing : 0.0) + k->smoothing / k->answers;
}

static double logit(const column *k, int c) {
  return (double)k->z[c * ESP_LANES] / k->temperature;
}

static void put(const column *k, int c, double grad, double along) {
  k->grad[c * ESP_LANES] = (float)(k->scale / k->temperature * grad);
  if (k->along)
    k->grad_along[c * ESP_LANES] = (float)(k->scale / (k->temperature * k->temperature) * along);
}

static void cross_entropy(const column *k) {
  double max = logit(k, 0), sum = 0.0, along = 0.0;
  for (int c = 1; c < k->answers; c++) max = logit(k, c) > max ? logit(k, c) : max;
  for (int c = 0; c < k->answers; c++) sum += esp__exp(logit(k, c) - max);
  for (int c = 0; k->along && c < k->answers; c++)
    along += esp__exp(logit(k, c) - max) / sum * (double)k->along[c * ESP_LANES];
  for (int c = 0; c < k->answers; c++) {
    const double p = esp__exp(logit(k, c) - max) / sum;
    put(k, c, p - target_of(k, c), k->along ? p * ((double)k->along[c * ESP_LANES] - along) : 0.0);
  }
}

static void mean_squared(const column *k) {
  const double share = 2.0 / k->answers;
  for (int c = 0; c < k->answers; c++)
    put(k, c, share * (logit(k, c) - target_of(k, c)),
        k->along ? share * (double)k->along[c * ESP_LANES] : 0.0);
}

static void nothing(const column *k) {
  for (int c = 0; c < k->answers; c++) put(k, c, 0.0, 0.0);
}

static void run_image(const esp_graph *g, const esp__tempered_loss *k, const esp_task *task,
                      int image) {
  const int block = image / ESP_LANES, lane = image % ESP_LANES;
  const bool valid = image < esp__graph_images(g);
  const float *targets = g->current->targets;
  const column c = {
      .z = esp_plane(&g->logits->data, block, task->first) + lane,
      .along = k->along ? esp_plane(k->along, block, task->first) + lane : NULL,
      .wanted = targets ? targets + (size_t)block * (size_t)task->answers * ESP_LANES + lane : NULL,
      .grad = esp_plane(k->grad, block, task->first) + lane,
      .grad_along = k->along ? esp_plane(k->grad_along, block, task->first) + lane : NULL,
      .answers = task->answers,
      .right = valid && !targets ? esp_task_answer(task, g->current->labels[image]) : 0,
      .smoothing = g->pass.training ? (double)g->smoothing : 0.0,
      .scale = (double)task->weight / esp__graph_images(g),
      .temperature = targets ? 1.0 : k->temperature};
  if (!valid)
    nothing(&c);
  else if (g->loss_kind == ESP_LOSS_CROSS_ENTROPY && !targets)
    cross_entropy(&c);
  else
    mean_squared(&c);
}

void esp__tempered_loss_run(const esp_graph *g, const esp__tempered_loss *k) {
  for (int image = 0; image < esp__graph_blocks(g) * ESP_LANES; image++)
    for (int t = 0; t < g->tasks.count; t++) run_image(g, k, &g->tasks.item[t], image);
}
