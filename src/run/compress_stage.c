#include "run/compress_stage.h"

#include "config/stages.h"
#include "nn/graph.h"
#include "run/replace_model.h"
#include "run/services.h"
#include "run/sharing.h"

#include <stdlib.h>
#include <string.h>

/* Over the first batch of a loader with this process's share. */
static esp_status first_pass(const esp_run *r, esp_model *model, esp_loader *loader, int batch,
                             esp_pass pass, esp_error *err) {
  const esp__split split = esp__run_split_of(r, batch);
  esp_graph *graph;
  ESP_TRY(esp__model_graph(model, &split, batch, false, (esp_loss_attr){0}, &graph, err));
  esp_loader_start(loader, 0, 0);
  esp_graph_forward(graph, esp_loader_next(loader), pass);
  esp_graph_free(graph);
  return ESP_OK;
}

/* Of the images as they are, in their order. */
static esp_status run_pass(void *user, esp_model *model, bool validation, int images, esp_pass pass,
                           esp_error *err) {
  const esp_run *r = user;
  const esp_images *from = validation ? &r->set->validation : &r->set->train;
  const int count = (int)from->count < images ? (int)from->count : images;
  const esp_loader_options options = esp__run_share_of(r, (esp_loader_options){.batch = count});
  esp_loader *loader;
  ESP_TRY(esp_loader_new(&loader, r->set, from, options, err));
  const esp_status status = first_pass(r, model, loader, count, pass, err);
  esp_loader_free(loader);
  return status;
}

static esp_compress_ctx context_of(esp_run *r, const esp_model *before) {
  const esp_key seed = (esp_key)r->config.run.seed;
  return (esp_compress_ctx){
      .model = r->model,
      .before = before,
      .images = {run_pass, r},
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

/* Averages of weights that are rounded lie between the integers, and are rounded from there. */
static void take_fine_averages(esp_params *ps) {
  for (int i = 0; i < ps->count; i++) {
    const esp_param *p = ps->item[i];
    if (p->average && p->fine) memcpy(p->fine, p->average, p->count * sizeof *p->fine);
  }
}

/* A step keeps what is pruned at 0, and gives finite numbers. */
static esp_status check(const esp_run *r, esp_error *err) {
  ESP_TRY(esp__run_check_weights(r, err));
  ESP_TRY(esp_model_check_integers(r->model, err));
  if (!r->pruner || esp_pruner_holds(r->pruner)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[compress] the step '%s' brought pruned weights back: expected zeros to stay",
                  esp__stage_work(&r->config, r->at.stage));
}

/* The step's network takes the place of the run's; *before is that one. */
static esp_status replace_model(esp_run *r, const esp_compress_step *s, esp_model **before,
                                esp_error *err) {
  const esp_compress_ctx ctx = context_of(r, r->model);
  esp_model *model;
  int *from = NULL;
  esp_status status = s->replace(&ctx, &model, &from, err);
  if (status == ESP_OK) status = esp__run_replace_model(r, model, from, before, err);
  free(from);
  return status;
}

/* Makes the step, in a network of its own if it wants one. */
static esp_status make_step(esp_run *r, int step, esp_error *err) {
  const esp_compress_step *s = esp_compress_step_of(&r->config.compress, step);
  esp_model *before = NULL;
  esp_status status = s->replace ? replace_model(r, s, &before, err) : ESP_OK;
  if (status == ESP_OK) {
    const esp_compress_ctx ctx = context_of(r, before ? before : r->model);
    status = esp_compress_make(&ctx, step, err);
  }
  esp_model_free(before);
  return status;
}

esp_status esp__run_try_compress(esp_run *r, esp_error *err) {
  const esp_compress_options *opt = &r->config.compress;
  const esp_compress_ctx ctx = context_of(r, r->model);
  for (int i = 0; i < esp_compress_steps(opt); i++) {
    const esp_compress_step *s = esp_compress_step_of(opt, i);
    if (s->check) ESP_TRY(s->check(&ctx, err));
  }
  if (strcmp(opt->quantise_from, "validation") != 0 || r->set->validation.count > 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[compress] quantise_from = validation without such images: expected [data] "
                  "validation above 0, or quantise_from = training");
}

esp_status esp__run_compress(esp_run *r, esp_error *err) {
  r->at.now.requested = r->at.result[r->at.results - 1].requested;
  esp_params_clear_momentum(&r->model->params);
  take_averages(&r->model->params);
  ESP_TRY(make_step(r, esp__compress_step(&r->config, r->at.stage), err));
  ESP_TRY(esp_optimiser_open(&r->model->params, &r->config.train, err));
  ESP_TRY(check(r, err));
  return esp__run_evaluate_before(r, err);
}

esp_status esp__run_hold_compressed(esp_run *r, esp_error *err) {
  const int step = esp__compress_step(&r->config, r->at.stage);
  const esp_compress_ctx ctx = context_of(r, r->model);
  if (step < 0) return ESP_OK;
  take_averages(&r->model->params);
  take_fine_averages(&r->model->params);
  esp_compress_hold(&ctx, step);
  ESP_TRY(esp_optimiser_open(&r->model->params, &r->config.train, err));
  return check(r, err);
}

/* Values and masks come from the checkpoint. */
static esp_status restore_model(esp_run *r, const char *text, esp_error *err) {
  esp_model *model, *before = NULL;
  if (!text || strcmp(text, r->model->text) == 0) return ESP_OK;
  ESP_TRY(esp_model_like(r->model, text, (esp_key)r->config.run.seed, &model, err));
  const esp_status status = esp__run_replace_model(r, model, NULL, &before, err);
  esp_model_free(before);
  return status;
}

esp_status esp__run_restore_compressed(esp_run *r, const char *path, esp_error *err) {
  esp_bundle b;
  if (esp_compress_steps(&r->config.compress) == 0) return ESP_OK;
  ESP_TRY(esp_bundle_load(&b, path, err));
  const esp_status status = restore_model(r, esp_bundle_text(&b, "espalier.layers"), err);
  esp_bundle_free(&b);
  return status;
}
