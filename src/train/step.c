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
  *masks_changed = false;
  const esp_outcome outcome = esp_graph_forward(t->graph, batch, pass);
  esp_metrics_add(m, t->graph, batch, outcome, NULL);
  if (!isfinite(outcome.loss_sum))
    return esp_fail(err, ESP_ERR_DIVERGED,
                    "the loss is no longer a finite number at step %lld; try a smaller learning rate",
                    (long long)s.step);
  esp_graph_backward(t->graph);
  if (t->pruner)
    ESP_TRY(esp_pruner_step(t->pruner, s.step, s.window.first, s.window.last, masks_changed, err));
  esp_sgd_step(&t->model->params, t->opt, s.lr);
  return ESP_OK;
}
