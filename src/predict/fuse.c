/* What a convolution or linear layer does with its sums while they are in registers: the batch norm
 * that alone reads them, with its residual and ReLU, or a ReLU; and a gate behind. It then runs
 * where the last of them stands, so that the residual is ready. A sum does the ReLU behind it. The
 * bits are those of separate passes. */
#include "predict/network.h"

static bool has_weights(const esp_operation *op) {
  return op->kind == ESP_OPERATION_CONV || op->kind == ESP_OPERATION_LINEAR;
}

/* The batch norm or ReLU that operation i takes over, or -1. */
static int taken_by(const esp__operations *ops, int i) {
  const bool layer = has_weights(&ops->item[i]), sum = ops->item[i].kind == ESP_OPERATION_ADD;
  const int reader = layer || sum ? esp__only_reader(ops, i) : -1;
  const esp_operation *op = reader < 0 ? NULL : &ops->item[reader];
  if (!op || op->input[0] != i) return -1;
  const bool relu = op->kind == ESP_OPERATION_ACTIVATION && op->attr.activation == ESP_ACT_RELU;
  return (layer && op->kind == ESP_OPERATION_BATCHNORM) || relu ? reader : -1;
}

/* The unit that ends with operation i, a gate aside. */
static esp__unit unit_of(const esp__operations *ops, int i) {
  const esp_operation *op = &ops->item[i];
  const int before = op->input[0];
  esp__unit u = {
      .operation = i, .norm = -1, .rescale = -1, .sum = -1, .residual = -1, .gate = -1, .out = i};
  if (before < 0 || taken_by(ops, before) != i) return u;
  const bool norm = op->kind == ESP_OPERATION_BATCHNORM;
  u.operation = before;
  u.norm = norm ? i : -1;
  u.residual = op->input[1];
  u.relu = norm ? op->attr.relu : true;
  return u;
}

/* The gate that the convolution of the unit takes over, or -1. */
static int gate_of(const esp__operations *ops, const esp__unit *u) {
  const int reader = esp__only_reader(ops, u->out);
  const esp_operation *layer = &ops->item[u->operation];
  const bool gated = reader >= 0 && ops->item[reader].kind == ESP_OPERATION_GATE &&
                     ops->item[reader].input[0] == u->out;
  return gated && layer->kind == ESP_OPERATION_CONV && layer->groups == 1 && u->residual < 0
             ? reader
             : -1;
}

/* The unit that ends with operation i; false where that is a part of a later one. */
static bool ends_at(const esp__operations *ops, int i, esp__unit *unit) {
  const esp_operation *op = &ops->item[i];
  if (taken_by(ops, i) >= 0) return false;
  if (op->kind == ESP_OPERATION_GATE) {
    *unit = unit_of(ops, op->input[0]);
    if (gate_of(ops, unit) == i) {
      unit->gate = unit->out = i;
      return true;
    }
  }
  *unit = unit_of(ops, i);
  return gate_of(ops, unit) < 0;
}

void esp__units_of(const esp__operations *ops, esp__unit *unit, int *count) {
  *count = 0;
  for (int i = 0; i < ops->count; i++) {
    const bool integers =
        ops->nature[i] != ESP_FLOATS || ops->item[i].kind == ESP_OPERATION_FROM_INTEGERS;
    if (integers)
      *count += esp__integer_unit_of(ops, i, &unit[*count]);
    else
      *count += ends_at(ops, i, &unit[*count]);
  }
}
