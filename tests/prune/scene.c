#include "scene.h"

#include "prune/measure/criterion_inputs.h"
#include "prune/workspace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const esp_batch *next(void *images) {
  scene *s = images;
  if (s->next < s->batches) return &s->batch[s->next++];
  s->next = 0;
  return NULL;
}

static size_t floats_of(const scene *s) {
  const esp_shape in = s->p.model->input;
  return (size_t)in.channels * (size_t)in.height * (size_t)in.width;
}

static float *place_of(scene *s, int batch, int image, size_t at) {
  const size_t block = (size_t)(image / ESP_LANES);
  return s->pixels[batch] + (block * floats_of(s) + at) * ESP_LANES + (size_t)(image % ESP_LANES);
}

static void fill(scene *s, int b, int classes) {
  const size_t floats = 2 * floats_of(s) * ESP_LANES;
  s->pixels[b] = aligned_alloc(64, floats * sizeof(float));
  memset(s->pixels[b], 0, floats * sizeof(float));
  for (int image = 0; image < SCENE_IMAGES; image++) {
    s->label[b][image] = (image + b) % classes;
    for (size_t at = 0; at < floats_of(s); at++)
      *place_of(s, b, image, at) =
          (float)esp_random_normal(esp_key_of((esp_key)b, (uint64_t)image), at);
  }
  s->batch[b] = (esp_batch){s->pixels[b], s->label[b], SCENE_IMAGES};
}

void scene_open(scene *s, esp_shape input, int classes, const char *ini) {
  esp_error err = {.text = ""};
  *s = (scene){.batches = SCENE_BATCHES};
  plant_open(&s->p, input, classes, ini);
  const esp_loss_attr loss = {
      strcmp(s->p.config.train.loss, "mse") == 0 ? ESP_LOSS_MEAN_SQUARED : ESP_LOSS_CROSS_ENTROPY,
      0.0f};
  ck_assert_msg(esp_model_graph(s->p.model, SCENE_IMAGES, true, loss, &s->graph, &err) == ESP_OK,
                "%s", err.text);
  for (int b = 0; b < SCENE_BATCHES; b++) fill(s, b, classes);
  const bool training = s->p.pruner && esp_pruner_at_init(s->p.pruner);
  s->probe = (esp_probe){s->graph, {.training = training, .dense_gradients = true}, next, s};
}

void scene_close(scene *s) {
  for (int b = 0; b < SCENE_BATCHES; b++) free(s->pixels[b]);
  esp_graph_free(s->graph);
  plant_close(&s->p);
}

void scene_image(scene *s, int batch, int image, const float *pixels) {
  for (size_t at = 0; at < floats_of(s); at++) *place_of(s, batch, image, at) = pixels[at];
}

void scene_limit(scene *s, int batches, int images) {
  s->batches = batches;
  for (int b = 0; b < SCENE_BATCHES; b++) s->batch[b].count = images;
}

int scene_round(scene *s, double sparsity) {
  int floored;
  esp_error err = {.text = ""};
  const esp_status status = esp_pruner_round(s->p.pruner, &s->probe, sparsity, &floored, &err);
  ck_assert_msg(status == ESP_OK, "%s: %s", s->p.config.prune.method, err.text);
  return floored;
}

void scene_recall(scene *s) {
  ck_assert(esp__workspace_open(s->p.pruner, NULL) == ESP_OK);
  esp_pruner_load_masks(s->p.pruner);
}

esp_status scene_measure(scene *s, esp_error *err) {
  ESP_TRY(esp__workspace_open(s->p.pruner, err));
  return esp__pruner_measure(s->p.pruner, &s->probe, err);
}
