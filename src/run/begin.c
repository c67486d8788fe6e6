/* The beginning of a stage: weights to start from, pruning, rewinding. */
#include "run/services.h"

#include "run/feedback.h"
#include "run/trial_evaluator.h"
#include "config/stages.h"

static esp_status start_from_weights(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (!r->config.model.weights[0]) return ESP_OK;
  ESP_TRY(esp_weights_path(r->config.model.weights, path, err));
  return esp_weights_load(r->model, path, err);
}

/* Prunes to the sparsity of a round. */
static esp_status prune_round(esp_run *r, int round, esp_error *err) {
  esp_probe_images images;
  esp__result *now = &r->at.now;
  const esp_probe probe = esp__run_probe(r, &images);
  now->requested = esp__run_requested(r, round);
  esp__trial_evaluation judging = esp__trial_evaluation_begin(r);
  esp_pruner_set_trial_evaluator(r->pruner, esp__trial_evaluator_of(&judging));
  ESP_TRY(esp_pruner_round(r->pruner, &probe, now->requested, &now->guarded, err));
  ESP_TRY(esp__found_write(r, err));
  if (now->guarded)
    esp__progress_say(&r->progress,
                      "round %d: %d layer(s) would have lost too much; "
                      "the best units of each stay (allow_empty, layer_floor)",
                      round, now->guarded);
  return ESP_OK;
}

/* The choice takes the memory that activations have while the network trains. */
static esp_status begin_round(esp_run *r, esp_error *err) {
  ESP_TRY(esp__run_step_back(r, err));
  if (esp__run_brings_back(r)) {
    r->at.now.requested = esp__run_requested(r, r->at.stage);
    return esp__run_evaluate_before(r, err);
  }
  esp_graph_release_activations(r->graph);
  esp_graph_release_activations(r->evaluation);
  ESP_TRY(prune_round(r, r->at.stage, err));
  ESP_TRY(esp__run_evaluate_before(r, err));
  return esp__run_rewind(r, err);
}

/* All rounds, before the training. */
static esp_status prune_at_init(esp_run *r, esp_error *err) {
  if (!r->pruner || !esp_pruner_at_init(r->pruner) || esp_pruner_external_masks(r->pruner))
    return ESP_OK;
  for (int round = 1; round <= esp_pruner_rounds(r->pruner); round++)
    ESP_TRY(prune_round(r, round, err));
  return esp__run_evaluate_before(r, err);
}

esp_status esp__run_begin_stage(esp_run *r, esp_error *err) {
  r->at.now = (esp__result){.round = r->at.stage};
  if (r->at.stage > 0) {
    ESP_TRY(begin_round(r, err));
    r->at.batch = esp__stage_batch(&r->config, r->at.stage, esp_loader_batches(r->training));
  } else {
    ESP_TRY(esp__run_keep_epoch(
        r, 0, err)); /* the initial weights, also when training starts from others */
    ESP_TRY(esp__run_keep_step(r, 0, err));
    ESP_TRY(start_from_weights(r, err));
    ESP_TRY(prune_at_init(r, err));
  }
  r->at.begun = true;
  return esp__run_save(r, err);
}
