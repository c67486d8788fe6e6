#include "cli/engine.h"

#include <stdlib.h>

esp_status esp__engine_open_predictor(esp__engine *e, const esp_loaded_run *o, int batch,
                                      esp_error *err) {
  const esp_shape s = o->model->input;
  ESP_TRY(esp_network_of_model(&e->network, o->model, o->mean, o->std, err));
  ESP_TRY(esp_predictor_new(&e->predictor, e->network, err));
  e->image = malloc((size_t)(s.channels * s.height * s.width) * sizeof *e->image);
  e->logits = malloc((size_t)batch * (size_t)esp_network_outputs(e->network) * sizeof *e->logits);
  return e->image && e->logits ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
}

void esp__engine_close(esp__engine *e) {
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
