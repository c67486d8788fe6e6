#include "run/interventions.h"

#include "config/stages.h"
#include "run/services.h"
#include "rundir/paths.h"

/* The step before which the masks of another run are put on; -1 = never, or done. */
static int64_t masks_due(const esp_run *r) {
  const int64_t batches = esp_loader_batches(r->training);
  if (!r->pruner || !esp_pruner_external_masks(r->pruner) || esp_pruner_changes(r->pruner) > 0)
    return -1;
  const esp__rewind_point to = esp__rewind_point_of(&r->config, batches);
  return to.epoch * batches + to.batch;
}

/* All that is not there is what the masks have just pruned. */
static void count_masks(esp_run *r) {
  for (int i = 0; i < r->model->layers; i++) {
    const esp_param *w = r->model->layer[i].weight;
    r->at.now.weights_moved += (int64_t)(w->count - esp_param_kept(w));
  }
  r->at.now.mask_changes++;
}

/* The masked network then stands where weight rewinding puts one: weights of that step, no
 * momentum. */
static esp_status put_masks(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp__result *now = &r->at.now;
  ESP_TRY(esp_masks_path(r->config.prune.mask_from, path, err));
  ESP_TRY(esp_masks_load(r->pruner, r->model, path, err));
  esp_params_clear_momentum(&r->model->params);
  now->requested = esp__run_sparsity(r);
  count_masks(r);
  esp__progress_say(&r->progress, "masks of %s at step %lld: sparsity %.2f %%", path,
                    (long long)esp__run_step(r), 100.0 * now->requested);
  return esp__run_evaluate_before(r, err);
}

static bool order_changes(const esp_run *r, int64_t step) {
  return r->config.run.order > 0 && r->at.stage == 0 && step == r->config.run.order_step;
}

esp_status esp__run_intervene(esp_run *r, esp_error *err) {
  const int64_t step = esp__run_step(r);
  if (r->at.stage == 0 && masks_due(r) == step) ESP_TRY(put_masks(r, err));
  return order_changes(r, step) ? esp__run_save_as(r, ESP_FILE_BRANCH, err) : ESP_OK;
}

static int64_t sooner(int64_t at, int64_t batch, int64_t pause) {
  return batch > at && batch < pause ? batch : pause;
}

int64_t esp__run_next_pause(const esp_run *r) {
  const int64_t batches = esp_loader_batches(r->training), begun = r->at.epoch * batches;
  if (r->at.stage > 0) return batches;
  const int64_t pause = sooner(r->at.batch, masks_due(r) - begun, batches);
  return r->config.run.order > 0 ? sooner(r->at.batch, r->config.run.order_step - begun, pause)
                                 : pause;
}
