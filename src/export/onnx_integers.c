#include "export/onnx_integers.h"

#include "nn/integers.h"

/* The 8-bit numbers of a tensor that was 0 throughout are 0, whatever it is. */
static const float nothing = 1e30f;

/* The scale and the zero of integers `name`, [count] or if that is 0 one number, by which they are
 * quantised or dequantised: `inputs` 1 and 2. */
static void add_scale(esp__onnx_model *m, const char *name, int bits, int64_t count,
                      const float *scale, const char *inputs[3]) {
  const int rank = count > 0;
  inputs[1] = esp__onnx_add_floats(m, esp__onnx_name(m, "%s.scale", name), rank, &count, scale);
  inputs[2] =
      esp__onnx_add_integers(m, esp__onnx_name(m, "%s.zero", name), bits, rank, &count, NULL);
}

/* The integers in `p` become floats `name`: a scale for each entry of the first axis. */
static const char *add_scaled(esp__onnx_model *m, const char *name, const esp_param *p, int bits,
                              const float *scale) {
  int64_t dims[ESP_RANK_MAX];
  for (int k = 0; k < p->rank; k++) dims[k] = p->shape[k];
  const char *inputs[4] = {esp__onnx_name(m, "%s.integers", name)};
  esp__onnx_add_integers(m, inputs[0], bits, p->rank, dims, p->value);
  add_scale(m, name, bits, dims[0], scale, inputs);
  esp__onnx_add_int(m, esp__onnx_add_node(m, "DequantizeLinear", inputs, name), "axis", 0);
  return name;
}

const char *esp__onnx_add_weights(esp__onnx_model *m, const char *name, const esp__network *n,
                                  const esp_operation *o) {
  const esp__twin *twin = esp__twin_of(n->source->model, o->param[0]);
  return add_scaled(m, name, twin->weight, 8, o->param[0]->step->value);
}

const char *esp__onnx_add_bias(esp__onnx_model *m, const char *name, const esp__network *n,
                               const esp_operation *o, float *room) {
  const esp__twin *twin = esp__twin_of(n->source->model, o->param[0]);
  const esp_param *step = o->param[0]->step;
  for (size_t i = 0; i < step->count; i++) room[i] = twin->input->value[0] * step->value[i];
  return add_scaled(m, name, twin->bias, 32, room);
}

void esp__onnx_add_rounding(esp__onnx_model *m, const char *x, float scale, const char *output) {
  const char *integers = esp__onnx_name(m, "%s.integers", output), *inputs[4] = {x};
  add_scale(m, output, 8, 0, scale > 0.0f ? &scale : &nothing, inputs);
  esp__onnx_add_node(m, "QuantizeLinear", inputs, integers);
  inputs[0] = integers;
  esp__onnx_add_node(m, "DequantizeLinear", inputs, output);
}
