/* gate: what it multiplies by is predicted from the input of the convolution before it, before that
 * runs. */
#include "nn/layers.h"

#include <math.h>

/* The gate behind layer `i`, with nothing but batch norm and non-linearities between; -1 if there
 * is none. */
static int gate_behind(const esp__builder *b, int i) {
  int k = esp__builder_next(b, i);
  while (esp__builder_is(b, k, ESP_KIND_BN) || esp__builder_is(b, k, ESP_KIND_ACTIVATION) ||
         esp__builder_is(b, k, ESP_KIND_RELU))
    k = esp__builder_next(b, k);
  return esp__builder_is(b, k, ESP_KIND_GATE) ? k : -1;
}

/* Of so many channels the density keeps this many, rounded up; it is a decimal in single precision,
 * so what is less than a thousandth of a channel above a whole number is no more than rounding. */
static int kept_of(int channels, float density) {
  const int keep = (int)ceil((double)density * channels - 1e-3);
  return keep < 1 ? 1 : keep > channels ? channels : keep;
}

/* Weights as of any linear layer; what is added to them starts at 1, so that no channel starts
 * suppressed. */
static esp_status make_layer(esp__builder *b, esp_layer *layer, int channels, int inputs,
                             esp_error *err) {
  const int shape[2] = {channels, inputs};
  ESP_TRY(esp__builder_param(b, layer->name, "weight", ESP_ROLE_LINEAR_WEIGHT, 2, shape,
                             &layer->weight, err));
  ESP_TRY(esp__builder_param(b, layer->name, "base", ESP_ROLE_BN_SCALE, 1, &channels, &layer->bias,
                             err));
  layer->groups = layer->weight->positions = 1;
  return ESP_OK;
}

esp_status esp__build_saliency(esp__builder *b, int i, esp_value *x, int channels, esp_error *err) {
  const int at = gate_behind(b, i);
  esp_layer *layer = &b->gate.layer;
  if (at < 0) return ESP_OK;
  const esp__item *item = &b->program->item[at];
  b->gate = (esp__saliency){0};
  ESP_TRY(esp__builder_name(b, at, layer->name, err));
  ESP_TRY(make_layer(b, layer, channels, b->target->shape(x).channels, err));
  ESP_TRY(b->target->mean_abs(b->graph, x, &x, err));
  ESP_TRY(b->target->linear(b->graph, x, layer->weight, layer->bias, &x, err));
  const esp_top_k_attr attr = {kept_of(channels, item->density), item->penalty};
  return b->target->top_k(b->graph, x, attr, &b->gate.by, err);
}

esp_status esp__build_gate(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  esp__saliency gate = b->gate;
  if (!gate.by)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "a gate belongs behind a conv or depthwise, with nothing but bn and activations between");
  b->gate = (esp__saliency){0};
  gate.layer.item = i;
  ESP_TRY(esp__builder_record(b, &gate.layer, err));
  return b->target->gate(b->graph, x, gate.by, y, err);
}
