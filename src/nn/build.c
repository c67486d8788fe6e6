/* From items to the graph. The same walk makes the parameters of a new model and finds those of an
 * old one. */
#include "nn/integers.h"

#include <stdlib.h>

static esp_status build_item(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  esp_status status = esp__item_at(b, i)->kind->build(b, i, x, y, err);
  if (status == ESP_OK) status = esp__integers_pass(b, i, x, *y, err);
  return status == ESP_OK ? ESP_OK : esp__builder_locate(b, i, status, err);
}

esp_status esp__build_items(esp__builder *b, int from, int to, esp_value *x, esp_value **y,
                            esp_error *err) {
  for (int i = from; i < to; i++) {
    if (i == b->done) continue;
    ESP_TRY(build_item(b, i, x, &x, err));
    if (esp__kind_opens(esp__item_at(b, i)->kind->role)) i = esp__item_at(b, i)->end;
  }
  *y = x;
  return ESP_OK;
}

static esp_status check_logits(esp__builder *b, esp_shape found, esp_error *err) {
  const esp_tasks *tasks = &b->model->tasks;
  const int outputs = esp_tasks_outputs(tasks);
  if (found.channels == outputs && found.height == 1 && found.width == 1) return ESP_OK;
  esp_status status = esp_fail(
      err, ESP_ERR_INPUT, "the network ends with %dx%dx%d, expected %dx1x1 (a number per class%s)",
      found.channels, found.height, found.width, outputs,
      tasks->count > 1 ? ", and per group of each task; or 'linear classes' as its last line" : "");
  return esp__builder_locate(b, b->program->count - 1, status, err);
}

static esp_status build_all(esp__builder *b, esp_value **y, esp_error *err) {
  esp_value *x;
  ESP_TRY(b->target->input(b->graph, b->model->input, &x, err));
  ESP_TRY(esp__build_items(b, 0, b->program->count, x, y, err));
  return esp__integers_end(b, y, err);
}

static esp__builder builder_of(esp_model *model, const esp__target *target, esp_graph *graph,
                               esp__build_mode mode) {
  return (esp__builder){.model = model,
                        .target = target,
                        .program = model->program,
                        .graph = graph,
                        .make = mode == ESP_BUILD_MAKE,
                        .integer = mode == ESP_BUILD_INTEGERS,
                        .scaled = -1,
                        .done = -1};
}

esp_status esp__build_layers(esp_model *model, const esp__target *target, esp_graph *graph,
                             esp__build_mode mode, esp_value **y, esp_error *err) {
  esp__builder b = builder_of(model, target, graph, mode);
  const esp_status status = build_all(&b, y, err);
  free(b.noted);
  return status;
}

esp_status esp__build(esp_model *model, const esp__target *target, esp_graph *graph,
                      esp__build_mode mode, esp_value **logits, esp_error *err) {
  esp__builder b = builder_of(model, target, graph, mode);
  esp_status status = build_all(&b, logits, err);
  if (status == ESP_OK) status = check_logits(&b, target->shape(*logits), err);
  free(b.noted);
  return status;
}
