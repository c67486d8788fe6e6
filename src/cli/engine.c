#include "cli/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

esp_status esp__engine_open_predictor(esp__engine *e, const esp_loaded_run *o, int batch,
                                      esp_error *err) {
  const esp_shape s = o->model->input;
  ESP_TRY(esp_network_of_model(&e->network, o->model, o->mean, o->std, err));
  ESP_TRY(esp_predictor_new(&e->predictor, e->network, err));
  e->image = malloc((size_t)(s.channels * s.height * s.width) * sizeof *e->image);
  e->logits = malloc((size_t)batch * (size_t)esp_network_outputs(e->network) * sizeof *e->logits);
  return e->image && e->logits ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
}

esp_status esp__engine_open_single(esp__engine *e, const esp_loaded_run *o, esp_error *err) {
  const char *lacks = esp_network_lacks(o->model);
  if (!lacks) return esp__engine_open_predictor(e, o, 1, err);
  const esp_shape s = o->model->input;
  const size_t values = (size_t)(s.channels * s.height * s.width);
  fprintf(stderr, "espalier: the predictor has no '%s'; the lanes of training compute\n", lacks);
  ESP_TRY(esp_model_graph(o->model, 1, false, (esp_loss_attr){0}, &e->own, err));
  e->graph = e->own;
  e->image = aligned_alloc(64, values * ESP_LANES * sizeof *e->image);
  e->logits = malloc((size_t)esp_tasks_outputs(&o->model->tasks) * sizeof *e->logits);
  if (!e->image || !e->logits) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  memset(e->image, 0, values * ESP_LANES * sizeof *e->image);
  return ESP_OK;
}

static void run_pixels_in_lanes(esp__engine *e, const esp_loaded_run *o, const uint8_t *pixels) {
  const esp_shape s = o->model->input;
  const int plane = s.height * s.width, outputs = esp_tasks_outputs(&o->model->tasks);
  for (int v = 0; v < s.channels * plane; v++)
    e->image[(size_t)v * ESP_LANES] =
        esp_normalise_pixel(pixels[v], o->mean[v / plane], o->std[v / plane]);
  const esp_batch batch = {.images = e->image, .count = 1};
  esp_graph_forward(e->graph, &batch, (esp_pass){0});
  for (int c = 0; c < outputs; c++)
    e->logits[c] = esp_value_at(esp_graph_output(e->graph), 0, c, 0, 0);
}

void esp__engine_run_pixels(esp__engine *e, const esp_loaded_run *o, const uint8_t *pixels) {
  if (e->predictor)
    esp_predict_pixels(e->predictor, pixels, e->logits);
  else
    run_pixels_in_lanes(e, o, pixels);
}

void esp__engine_close(esp__engine *e) {
  esp_graph_free(e->own);
  esp_predictor_free(e->predictor);
  esp_network_free(e->network);
  free(e->image);
  free(e->logits);
}

/* Image i of a batch, out of its lane. */
static void take_image(const esp__engine *e, const esp_batch *batch, int i) {
  const esp_shape s = esp_network_input(e->network);
  const size_t values = (size_t)(s.channels * s.height * s.width);
  const float *from =
      batch->images + (size_t)(i / ESP_LANES) * values * ESP_LANES + (size_t)(i % ESP_LANES);
  for (size_t v = 0; v < values; v++) e->image[v] = from[v * ESP_LANES];
}

esp_outcome esp__engine_run(esp__engine *e, const esp_batch *batch) {
  if (!e->network) return esp_graph_forward(e->graph, batch, (esp_pass){0});
  const size_t outputs = (size_t)esp_network_outputs(e->network);
  for (int i = 0; i < batch->count; i++) {
    take_image(e, batch, i);
    esp_predict(e->predictor, e->image, e->logits + (size_t)i * outputs);
  }
  return esp_graph_take_logits(e->graph, batch, e->logits);
}
