#include <espalier/train.h>

#include <math.h>

esp_status esp_train_step(esp_trainer *t, const esp_batch *batch, esp_step s, esp_metrics *m,
                          bool *masks_changed, esp_error *err) {
  const esp_pass pass = {
      .training = true,
      .dropout_key = esp_key_of(esp_key_of(t->seed, ESP_STREAM_DROPOUT), s.number),
      .dense_gradients =
          t->pruner && esp_pruner_needs_dense(t->pruner, s.step, s.window.first, s.window.last),
  };
  esp_step_ctx now = {.step = s.step,
                      .lr = s.lr,
                      .momentum = t->opt->momentum,
                      .decay = t->opt->weight_decay,
                      .average = t->opt->average,
                      .train = t->opt,
                      .update = t->model->params.updates + 1};
  *masks_changed = false;
  if (t->pruner) esp_pruner_pre_forward(t->pruner, &now);
  if (t->teacher) esp_graph_forward(t->teacher, batch, (esp_pass){0});
  const esp_outcome outcome = esp_graph_forward(t->graph, batch, pass);
  esp_metrics_add(m, t->graph, batch, outcome, NULL);
  if (!isfinite(outcome.loss_sum))
    return esp_fail(
        err, ESP_ERR_DIVERGED,
        "the loss is no longer a finite number at step %lld; try a smaller learning rate",
        (long long)s.step);
  esp_graph_backward(t->graph);
  now.loss = outcome.loss_sum / (double)outcome.count;
  if (t->pruner) {
    ESP_TRY(esp_pruner_step(t->pruner, s.step, s.window.first, s.window.last, masks_changed, err));
    ESP_TRY(esp_pruner_post_backward(t->pruner, &now, err));
  }
  esp_optimiser_step(&t->model->params, t->opt, s.lr);
  if (t->pruner) esp_pruner_post_step(t->pruner, &now);
  return ESP_OK;
}
