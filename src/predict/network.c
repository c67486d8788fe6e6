/* A network from a model in memory: its operations, which of its layers run as lists, its steps. */
#include "nn/integers.h"
#include "predict/network.h"
#include "sound/spectrum.h"

#include <stdlib.h>
#include <string.h>

static esp_network *network_new(void) {
  esp_network *n = calloc(1, sizeof *n);
  if (n) n->kernels = esp__predict_kernels_choose();
  return n;
}

void esp_network_free(esp_network *n) {
  if (!n) return;
  for (int i = 0; n->class_name && i < n->classes; i++) free(n->class_name[i]);
  free(n->class_name);
  esp__spectrum_free(n->spectrum);
  free(n->step);
  free(n->place);
  esp__store_free(&n->store);
  free(n);
}

static esp_status check_output(const esp__operations *ops, int classes, esp_error *err) {
  const esp_shape s = ops->item[ops->output].shape;
  if (s.height == 1 && s.width == 1 && s.channels >= classes) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "the network ends with %dx%dx%d, expected a number for each of %d classes",
                  s.channels, s.height, s.width, classes);
}

static esp_status fill(esp_network *n, const esp_model *model, const esp__operations *ops,
                       const esp__pixel_line *line, esp_error *err) {
  const size_t channels = (size_t)model->input.channels;
  n->input = model->input;
  n->classes = model->classes;
  n->direct = model->direct || esp__has_integers(model);
  n->outputs = ops->item[ops->output].shape.channels;
  ESP_TRY(check_output(ops, n->classes, err));
  ESP_TRY(esp__store_alloc(&n->store, channels * sizeof(float), &n->mean, err));
  ESP_TRY(esp__store_alloc(&n->store, channels * sizeof(float), &n->deviation, err));
  memcpy(n->mean, line->mean, channels * sizeof(float));
  memcpy(n->deviation, line->deviation, channels * sizeof(float));
  return esp__lower_fastest(n, ops, err);
}

esp_status esp__network_of(esp_network **network, const esp_model *model,
                           const esp__operations *ops, const esp__pixel_line *line,
                           esp_error *err) {
  esp_network *n = network_new();
  if (!n) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a network");
  const esp_status status = fill(n, model, ops, line, err);
  if (status == ESP_OK)
    *network = n;
  else
    esp_network_free(n);
  return status;
}

esp_status esp_network_of_model(esp_network **network, esp_model *model, const float *mean,
                                const float *deviation, esp_error *err) {
  const esp__pixel_line line = {mean, deviation};
  esp__operations ops;
  esp_status status = esp__operations_list(&ops, model, err);
  if (status == ESP_OK) status = esp__network_of(network, model, &ops, &line, err);
  esp__operations_free(&ops);
  return status;
}

esp_shape esp_network_input(const esp_network *n) {
  return n->input;
}
int esp_network_outputs(const esp_network *n) {
  return n->outputs;
}
int esp_network_classes(const esp_network *n) {
  return n->classes;
}
const char *esp_network_class_name(const esp_network *n, int i) {
  return n->class_name && i >= 0 && i < n->classes ? n->class_name[i] : "";
}
int esp_network_targets(const esp_network *n) {
  return n->targets.count;
}
double esp_network_target(const esp_network *n, int i, float output) {
  const bool known = i >= 0 && i < n->targets.count;
  return known ? esp_target_value(&n->targets, i, output) : (double)output;
}
size_t esp_network_bytes(const esp_network *n) {
  return n->store.bytes;
}
