#include "run/compress_stage.h"

#include "config/stages.h"
#include "run/services.h"

#include <string.h>

static esp_compress_ctx context_of(esp_run *r) {
  const esp_key seed = (esp_key)r->config.run.seed;
  return (esp_compress_ctx){
      .model = r->model,
      .opt = &r->config.compress,
      .key = esp_key_of(esp_key_of(seed, ESP_STREAM_COMPRESS), (uint64_t)r->at.stage)};
}

/* The network that was judged is the one that goes on. */
static void take_averages(esp_params *ps) {
  for (int i = 0; i < ps->count; i++) {
    const esp_param *p = ps->item[i];
    if (p->average) memcpy(p->value, p->average, p->count * sizeof *p->value);
  }
}

/* A step keeps what is pruned at 0, and gives finite numbers. */
static esp_status check(const esp_run *r, esp_error *err) {
  ESP_TRY(esp__run_check_weights(r, err));
  if (!r->pruner || esp_pruner_holds(r->pruner)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[compress] the step '%s' brought pruned weights back: expected zeros to stay",
                  esp__stage_work(&r->config, r->at.stage));
}

esp_status esp__run_compress(esp_run *r, esp_error *err) {
  esp_params *ps = &r->model->params;
  const esp_compress_ctx ctx = context_of(r);
  r->at.now.requested = r->at.result[r->at.results - 1].requested;
  esp_params_clear_momentum(ps);
  take_averages(ps);
  ESP_TRY(esp_compress_make(&ctx, esp__compress_step(&r->config, r->at.stage), err));
  if (r->config.train.average > 0.0) ESP_TRY(esp_params_average(ps, err));
  ESP_TRY(check(r, err));
  return esp__run_evaluate_before(r, err);
}

esp_status esp__run_hold_compressed(esp_run *r, esp_error *err) {
  const int step = esp__compress_step(&r->config, r->at.stage);
  const esp_compress_ctx ctx = context_of(r);
  if (step < 0) return ESP_OK;
  take_averages(&r->model->params);
  esp_compress_hold(&ctx, step);
  if (r->config.train.average > 0.0) ESP_TRY(esp_params_average(&r->model->params, err));
  return check(r, err);
}
