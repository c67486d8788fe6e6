/* The loss at the end of a graph; its gradient at the logits is computed along with it. */
#include "autograd/node.h"

void esp_loss_run(esp_graph *g) {
  const esp_tensor *x = &g->logits->data, *dx = &g->logits->grad;
  void (*loss)(esp_loss_block *) =
      g->loss_kind == ESP_LOSS_CROSS_ENTROPY ? g->kernels->cross_entropy : g->kernels->mean_squared;
  for (int block = 0; block < esp_graph_blocks(g); block++) {
    esp_loss_block k = {.logits = esp_plane(x, block, 0),
                        .grad = dx->data ? esp_plane(dx, block, 0) : NULL,
                        .labels = g->current->labels + block * ESP_LANES,
                        .classes = x->channels,
                        .valid = esp_lanes_valid(g->current->count, block),
                        .smoothing = g->pass.training ? g->smoothing : 0.0f,
                        .scale = 1.0f / (float)g->current->count};
    loss(&k);
    if (g->teacher && g->pass.training) {
      const esp_lesson lesson = {esp_plane(&g->teacher->logits->data, block, 0), g->teacher_share,
                                 g->temperature};
      g->kernels->distil(&k, &lesson);
    }
    for (int i = 0; i < k.valid; i++) g->outcome.loss_sum += (double)k.loss[i];
  }
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
    return esp_fail(err, ESP_ERR_INPUT, "loss: label smoothing %g; expected 0 to below 1", (double)smoothing);
  g->logits = logits;
  g->loss_kind = kind;
  g->smoothing = smoothing;
  return ESP_OK;
}

void esp_graph_teach(esp_graph *g, const esp_graph *teacher, float share, float temperature) {
  g->teacher = teacher;
  g->teacher_share = share;
  g->temperature = temperature;
}
