/* Running a graph: forward, and backward. */
#include "autograd/exchange.h"

static void begin(esp_graph *g, const esp_batch *batch, esp_pass pass) {
  g->current = batch;
  g->pass = pass;
  esp__shares_begin(g, batch);
  g->outcome = (esp_outcome){.count = esp__graph_all_images(g)};
}

static bool has_loss(const esp_graph *g) {
  return g->current->labels || g->current->targets || (g->match_logits && g->pass.training);
}

esp_outcome esp_graph_forward(esp_graph *g, const esp_batch *batch, esp_pass pass) {
  begin(g, batch, pass);
  if (g->before) g->before(g->before_with);
  esp__profile_start(g);
  esp__macs_count_start(g);
  for (int i = 0; i < g->nodes; i++) {
    g->node[i]->op->forward(g, g->node[i]);
    esp__macs_count_layer(g, g->node[i]);
    esp__profile_lap(g, i, ESP_FORWARD);
  }
  if (g->logits && has_loss(g)) esp__loss_run(g);
  esp__profile_lap(g, g->nodes, ESP_FORWARD);
  return g->outcome;
}

esp_outcome esp_graph_take_logits(esp_graph *g, const esp_batch *batch, const float *logits) {
  const int outputs = g->logits->data.channels;
  begin(g, batch, (esp_pass){0});
  for (int i = 0; i < batch->count; i++)
    for (int c = 0; c < outputs; c++)
      esp_plane(&g->logits->data, i / ESP_LANES, c)[i % ESP_LANES] = *logits++;
  if (has_loss(g)) esp__loss_run(g);
  return g->outcome;
}

void esp_graph_backward(esp_graph *g) {
  esp__profile_start(g);
  for (int i = g->nodes - 1; i >= 0; i--) {
    if (g->node[i]->out.grad.data && g->node[i]->op->backward)
      g->node[i]->op->backward(g, g->node[i]);
    esp__exchanges_go_on(g);
    esp__profile_lap(g, i, ESP_BACKWARD_DATA);
  }
  esp__exchanges_finish(g);
}

void esp_graph_backward_sum(esp_graph *g, float factor) {
  const esp_tensor *dx = &g->logits->grad;
  for (int block = 0; block < esp__graph_blocks(g); block++)
    for (int i = 0; i < dx->channels * ESP_LANES; i++)
      esp_plane(dx, block, 0)[i] =
          i % ESP_LANES < esp_lanes_valid(esp__graph_images(g), block) ? factor : 0.0f;
  esp_graph_backward(g);
}
