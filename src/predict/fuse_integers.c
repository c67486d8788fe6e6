/* What belongs to a layer of integers: the scale that its sums get, with or without a ReLU before;
 * then a residual that is added, and a ReLU. A layer whose sums get several scales is computed for
 * each. */
#include "autograd/fixed_point.h"
#include "predict/network.h"

/* Sums of products of 16 bits; shifts of what is left of 32 bits without the lower half. */
esp__sum_halves esp__sum_halves_of(const esp_requantise_attr *attr) {
  enum { BITS = 16, SHIFT_MAX = 30 };
  const esp__fixed_pair f = esp__fixed_sum(attr);
  const int64_t half = (int64_t)1 << (BITS - 1), own = (f.a + half) >> BITS,
                other = (f.b + half) >> BITS;
  const int shift = f.shift - BITS;
  return (esp__sum_halves){.fit = own < half && other < half && shift >= 1 && shift <= SHIFT_MAX,
                           .own_upper = (int)own,
                           .own_lower = (int)(f.a - (own << BITS)),
                           .other_upper = (int)other,
                           .other_lower = (int)(f.b - (other << BITS)),
                           .shift = shift};
}

static bool is_relu(const esp_operation *op) {
  return op->kind == ESP_OPERATION_ACTIVATION && op->attr.activation == ESP_ACT_RELU;
}

/* The operation whose sums value v is, behind ReLUs or not. */
static int source_of(const esp__operations *ops, int v) {
  while (is_relu(&ops->item[v])) v = ops->item[v].input[0];
  return v;
}

/* Whether operation i gives the sums of a layer another scale. */
static bool ends_layer(const esp__operations *ops, int i) {
  const int from = ops->item[i].input[0];
  return ops->item[i].kind == ESP_OPERATION_REQUANTISE && esp__is_sums(ops->nature[from]) &&
         ops->item[source_of(ops, from)].kind != ESP_OPERATION_AVGPOOL;
}

/* Whether the sum i is a part of the unit that makes its first operand. */
static bool joins_layer(const esp__operations *ops, int i) {
  const esp_operation *op = &ops->item[i];
  return op->kind == ESP_OPERATION_ADD_INTEGERS && ends_layer(ops, op->input[0]) &&
         esp__only_reader(ops, op->input[0]) == i && op->input[1] != op->input[0] &&
         esp__sum_halves_of(&op->attr.requantise).fit;
}

static bool joins_sum(const esp__operations *ops, int i) {
  const int from = ops->item[i].input[0];
  return is_relu(&ops->item[i]) && ops->item[from].kind == ESP_OPERATION_ADD_INTEGERS &&
         esp__only_reader(ops, from) == i;
}

static esp__unit unit_of(const esp__operations *ops, int i) {
  const esp_operation *op = &ops->item[i];
  esp__unit u = {.operation = i, .norm = -1, .rescale = -1, .sum = -1, .residual = -1, .gate = -1};
  if (joins_sum(ops, i)) {
    u = unit_of(ops, op->input[0]);
    u.relu = true;
  } else if (joins_layer(ops, i)) {
    u = unit_of(ops, op->input[0]);
    u.sum = i;
    u.residual = op->input[1];
  } else if (op->input[0] >= 0 && esp__is_sums(ops->nature[op->input[0]])) {
    u.operation = source_of(ops, op->input[0]);
    u.rescale = i;
  }
  u.out = i;
  return u;
}

bool esp__integer_unit_of(const esp__operations *ops, int i, esp__unit *unit) {
  const int reader = esp__only_reader(ops, i);
  if (esp__is_sums(ops->nature[i])) return false;
  if (reader >= 0 &&
      (joins_sum(ops, reader) || (joins_layer(ops, reader) && ops->item[reader].input[0] == i)))
    return false;
  *unit = unit_of(ops, i);
  return true;
}
