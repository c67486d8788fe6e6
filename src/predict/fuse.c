/* What a convolution or linear layer does with its sums while they are in registers: the batch norm
 * that alone reads them, with its residual and ReLU, or a ReLU. It then runs where that stands, so
 * that the residual is ready. The bits are those of separate passes. */
#include "predict/network.h"

static bool has_weights(const esp_operation *op) {
  return op->kind == ESP_OPERATION_CONV || op->kind == ESP_OPERATION_LINEAR;
}

/* The operation that layer i takes over, or -1. */
static int taken_by(const esp__operations *ops, int i) {
  if (!has_weights(&ops->item[i])) return -1;
  const int reader = esp__only_reader(ops, i);
  const esp_operation *op = reader < 0 ? NULL : &ops->item[reader];
  if (!op || op->input[0] != i) return -1;
  const bool relu = op->kind == ESP_OPERATION_ACTIVATION && op->attr.activation == ESP_ACT_RELU;
  return op->kind == ESP_OPERATION_BATCHNORM || relu ? reader : -1;
}

static esp__unit unit_of(const esp__operations *ops, int i) {
  const esp_operation *op = &ops->item[i];
  const int before = op->input[0];
  if (before < 0 || taken_by(ops, before) != i)
    return (esp__unit){
        .operation = i, .norm = -1, .rescale = -1, .sum = -1, .residual = -1, .out = i};
  const bool norm = op->kind == ESP_OPERATION_BATCHNORM;
  return (esp__unit){.operation = before,
                     .norm = norm ? i : -1,
                     .rescale = -1,
                     .sum = -1,
                     .residual = op->input[1],
                     .relu = norm ? op->attr.relu : true,
                     .out = i};
}

void esp__units_of(const esp__operations *ops, esp__unit *unit, int *count) {
  *count = 0;
  for (int i = 0; i < ops->count; i++) {
    const bool integers =
        ops->nature[i] != ESP_FLOATS || ops->item[i].kind == ESP_OPERATION_FROM_INTEGERS;
    if (integers)
      *count += esp__integer_unit_of(ops, i, &unit[*count]);
    else if (taken_by(ops, i) < 0)
      unit[(*count)++] = unit_of(ops, i);
  }
}
