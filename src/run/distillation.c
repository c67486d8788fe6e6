/* Distillation and reconstruction: the dense network that the training ended with teaches the
 * retraining. */
#include "run/run_state.h"
#include "config/stages.h"

esp_status esp__run_teacher(esp_run *r, esp_error *err) {
  const esp_config *c = &r->config;
  const esp_loss_attr plain = {ESP_LOSS_CROSS_ENTROPY, 0.0f};
  char path[ESP_PATH_MAX];
  if (!esp__uses_distillation(c) || r->at.stage == 0 || r->teacher_graph) return ESP_OK;
  ESP_TRY(esp_model_new_tasks(&r->teacher, &c->model, r->set->shape, &r->set->tasks,
                              (esp_key)c->run.seed, err));
  ESP_TRY(esp_weights_load(r->teacher, esp__run_path(r, "dense.safetensors", path), err));
  ESP_TRY(esp_model_graph(r->teacher, (int)c->train.batch, false, plain, &r->teacher_graph, err));
  if (esp__retrain_of(c) == ESP_RECONSTRUCT)
    esp_graph_match_logits(r->graph, r->teacher_graph);
  else
    esp_graph_distill(r->graph, r->teacher_graph, (float)c->prune.distill,
                      (float)c->prune.temperature);
  return ESP_OK;
}
