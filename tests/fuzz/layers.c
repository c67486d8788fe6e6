/* The layer language: a network is built, planned and written out again. */
#include "fuzz.h"

#include <espalier/model.h>

#include <stdlib.h>

/* Memory that the sanitizers may be asked for in one input. */
static const size_t weights_max = 1 << 20;

static size_t weights_of(const esp_model *model) {
  size_t count = 0;
  for (int i = 0; i < model->params.count; i++) count += model->params.item[i]->count;
  return count;
}

static void plan(esp_model *model) {
  esp_graph *graph = NULL;
  esp_error err;
  char *text;
  if (esp_model_graph(model, 1, true, (esp_loss_attr){0}, &graph, &err) == ESP_OK)
    esp_graph_free(graph);
  fuzz_need(esp_model_rewrite(model, NULL, NULL, &text, &err) == ESP_OK, "a network has a text");
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_error err;
  esp_model *model = NULL;
  char *text = fuzz_text(data, bytes);
  esp_model_options options = {
      .arch = (char[]){"custom"}, .layers = text, .input = (char[]){""}, .width = 1.0};
  if (esp_model_new(&model, &options, (esp_shape){1, 8, 8}, 3, 1, &err) == ESP_OK) {
    if (weights_of(model) < weights_max) plan(model);
    esp_model_free(model);
  }
  free(text);
  return 0;
}
