/* The layer language builds a list of operations, as it builds a graph. */
#include "predict/network.h"

#include "autograd/shapes.h"
#include "nn/integers.h"

#include <stdlib.h>

/* A line of the language adds so many at most: a convolution ahead of a gate. */
enum { A_LINE = 4 };

/* To nn a list is a graph, and an operation of it a value. */
static esp__operations *list_of(esp_graph *g) {
  return (esp__operations *)(void *)g;
}
static const esp_operation *maker_of(const esp_value *v) {
  return (const esp_operation *)(const void *)v;
}

static esp_shape shape_of(const esp_value *v) {
  return maker_of(v)->shape;
}

static int number_of(const esp__operations *ops, const esp_value *v) {
  return v ? (int)(maker_of(v) - ops->item) : -1;
}

/* What the value of an operation is, by what it reads. */
static esp__nature nature_of(const esp__operations *ops, const esp_operation *op) {
  const esp__nature a = op->input[0] < 0 ? ESP_FLOATS : ops->nature[op->input[0]],
                    b = op->input[1] < 0 ? a : ops->nature[op->input[1]];
  const bool relu = op->kind == ESP_OPERATION_ACTIVATION;
  switch (op->kind) {
    case ESP_OPERATION_FROM_INTEGERS:
      return ESP_FLOATS;
    case ESP_OPERATION_TO_INTEGERS:
    case ESP_OPERATION_ADD_INTEGERS:
      return ESP_SIGNED;
    case ESP_OPERATION_REQUANTISE:
      return a == ESP_SUMS ? ESP_SIGNED : a == ESP_POSITIVE_SUMS ? ESP_UNSIGNED : a;
    case ESP_OPERATION_CONV:
    case ESP_OPERATION_LINEAR:
      return a == ESP_FLOATS ? ESP_FLOATS : ESP_SUMS;
    case ESP_OPERATION_AVGPOOL:
      return a == ESP_SIGNED ? ESP_SUMS : a == ESP_UNSIGNED ? ESP_POSITIVE_SUMS : a;
    default:
      if (relu && a != ESP_FLOATS) return esp__is_sums(a) ? ESP_POSITIVE_SUMS : ESP_UNSIGNED;
      return b == ESP_SIGNED ? b : a;
  }
}

/* Appends an operation; the list never moves, so what was handed out stays. */
static esp_status append(esp_graph *g, const esp_value *a, const esp_value *b, esp_operation op,
                         esp_value **y, esp_error *err) {
  esp__operations *ops = list_of(g);
  if (ops->count == ops->capacity)
    return esp_fail(err, ESP_ERR_INPUT, "the network has more than %d operations", ops->capacity);
  op.input[0] = number_of(ops, a);
  op.input[1] = number_of(ops, b);
  ops->nature[ops->count] = nature_of(ops, &op);
  ops->item[ops->count] = op;
  *y = (esp_value *)(void *)&ops->item[ops->count++];
  return ESP_OK;
}

/* One that keeps the shape of what it reads. */
static esp_status append_alike(esp_graph *g, const esp_value *a, const esp_value *b,
                               esp_operation op, esp_value **y, esp_error *err) {
  op.shape = shape_of(a);
  return append(g, a, b, op, y, err);
}

static esp_status input(esp_graph *g, esp_shape shape, esp_value **y, esp_error *err) {
  return append(g, NULL, NULL, (esp_operation){.kind = ESP_OPERATION_INPUT, .shape = shape}, y,
                err);
}

static esp_status conv(esp_graph *g, esp_value *x, esp_conv_attr attr, esp_param *weight,
                       esp_param *bias, esp_value **y, esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_CONV,
                      .attr.conv = attr,
                      .param = {weight, bias},
                      .groups = attr.groups};
  ESP_TRY(esp__shape_conv(shape_of(x), attr, weight, bias, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status linear(esp_graph *g, esp_value *x, esp_param *weight, esp_param *bias,
                         esp_value **y, esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_LINEAR,
                      .attr.conv = {{1, 1}, {0, 0}, 1},
                      .param = {weight, bias},
                      .groups = 1};
  ESP_TRY(esp__shape_linear(shape_of(x), weight, bias, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status batchnorm(esp_graph *g, esp_value *x, esp_bn_params p, esp_value *residual,
                            bool relu, esp_value **y, esp_error *err) {
  ESP_TRY(esp__shape_batchnorm(shape_of(x), &p, err));
  if (residual) ESP_TRY(esp__shape_add(shape_of(x), shape_of(residual), err));
  const esp_operation op = {.kind = ESP_OPERATION_BATCHNORM,
                            .attr.relu = relu,
                            .param = {p.scale, p.shift, p.mean, p.var}};
  return append_alike(g, x, residual, op, y, err);
}

static esp_status activation(esp_graph *g, esp_value *x, esp_activation kind, esp_value **y,
                             esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_ACTIVATION, .attr.activation = kind};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status custom_activation(esp_graph *g, esp_value *x, const esp_activation_kind *kind,
                                    esp_value **y, esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_CUSTOM_ACTIVATION, .attr.custom = kind};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status pool(esp_graph *g, esp_value *x, esp_operation_kind kind, esp_pool_attr attr,
                       esp_value **y, esp_error *err) {
  esp_operation op = {.kind = kind, .attr.pool = attr};
  const char *name = kind == ESP_OPERATION_MAXPOOL ? "maxpool" : "avgpool";
  ESP_TRY(esp__shape_pool(name, shape_of(x), attr, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status maxpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                          esp_error *err) {
  return pool(g, x, ESP_OPERATION_MAXPOOL, attr, y, err);
}

static esp_status avgpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                          esp_error *err) {
  return pool(g, x, ESP_OPERATION_AVGPOOL, attr, y, err);
}

static esp_status global_avgpool(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  const esp_operation op = {
      .kind = ESP_OPERATION_AVGPOOL, .attr.pool = {0, 1, 0}, .shape = {shape_of(x).channels, 1, 1}};
  return append(g, x, NULL, op, y, err);
}

/* It does nothing to a trained network. */
static esp_status dropout(esp_graph *g, esp_value *x, float probability, esp_value **y,
                          esp_error *err) {
  (void)g;
  (void)probability;
  (void)err;
  *y = x;
  return ESP_OK;
}

static esp_status flatten(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  const esp_shape s = shape_of(x);
  const esp_operation op = {.kind = ESP_OPERATION_FLATTEN,
                            .shape = {s.channels * s.height * s.width, 1, 1}};
  return append(g, x, NULL, op, y, err);
}

static esp_status reshape(esp_graph *g, esp_value *x, esp_reshape_attr attr, esp_value **y,
                          esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_RESHAPE, .attr.reshape = attr};
  ESP_TRY(esp__shape_reshape(shape_of(x), attr, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status add(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err) {
  ESP_TRY(esp__shape_add(shape_of(a), shape_of(b), err));
  return append_alike(g, a, b, (esp_operation){.kind = ESP_OPERATION_ADD}, y, err);
}

static esp_status concat(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_CONCAT};
  ESP_TRY(esp__shape_concat(shape_of(a), shape_of(b), &op.shape, err));
  return append(g, a, b, op, y, err);
}

static esp_status subsample(esp_graph *g, esp_value *x, int channels, int stride, esp_value **y,
                            esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_SUBSAMPLE, .attr.stride = stride};
  ESP_TRY(esp__shape_subsample(shape_of(x), channels, stride, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status mean_abs(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_MEAN_ABS, .shape = {shape_of(x).channels, 1, 1}};
  return append(g, x, NULL, op, y, err);
}

static esp_status top_k(esp_graph *g, esp_value *x, esp_top_k_attr attr, esp_value **y,
                        esp_error *err) {
  ESP_TRY(esp__shape_top_k(shape_of(x), attr, err));
  const esp_operation op = {.kind = ESP_OPERATION_TOP_K, .attr.top_k = attr};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status gate(esp_graph *g, esp_value *x, esp_value *by, esp_value **y, esp_error *err) {
  ESP_TRY(esp__shape_gate(shape_of(x), shape_of(by), err));
  return append_alike(g, x, by, (esp_operation){.kind = ESP_OPERATION_GATE}, y, err);
}

static esp_status fatrelu(esp_graph *g, esp_value *x, esp_fatrelu_attr attr, esp_value **y,
                          esp_error *err) {
  ESP_TRY(esp__shape_fatrelu(attr, err));
  const esp_operation op = {.kind = ESP_OPERATION_FATRELU, .attr.fatrelu = attr};
  return append_alike(g, x, NULL, op, y, err);
}

/* ---- sequences ---- */

static esp_status embedding(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                            esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_EMBEDDING, .param = {weight}};
  ESP_TRY(esp__shape_embedding(shape_of(x), weight, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status positions(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                            esp_error *err) {
  ESP_TRY(esp__shape_positions(shape_of(x), weight, err));
  const esp_operation op = {.kind = ESP_OPERATION_POSITIONS, .param = {weight}};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status layernorm(esp_graph *g, esp_value *x, esp_param *scale, esp_param *shift,
                            esp_value **y, esp_error *err) {
  ESP_TRY(esp__shape_layernorm(shape_of(x), scale, shift, err));
  const esp_operation op = {.kind = ESP_OPERATION_LAYERNORM, .param = {scale, shift}};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status attention(esp_graph *g, esp_value *x, esp_attention_attr attr, esp_value **y,
                            esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_ATTENTION, .attr.attention = attr};
  ESP_TRY(esp__shape_attention(shape_of(x), attr, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status recurrent(esp_graph *g, esp_value *x, esp_recurrent_attr attr, esp_param *weight,
                            esp_param *bias, esp_value **y, esp_error *err) {
  esp_operation op = {
      .kind = ESP_OPERATION_RECURRENT, .attr.recurrent = attr, .param = {weight, bias}};
  ESP_TRY(esp__shape_recurrent(shape_of(x), attr, weight, bias, &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status summary(esp_graph *g, esp_value *x, esp_token_summary kind, esp_value **y,
                          esp_error *err) {
  esp_operation op = {.kind = ESP_OPERATION_SUMMARY, .attr.summary = kind};
  ESP_TRY(esp__shape_summary(shape_of(x), &op.shape, err));
  return append(g, x, NULL, op, y, err);
}

static esp_status product(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err) {
  ESP_TRY(esp__shape_add(shape_of(a), shape_of(b), err));
  return append_alike(g, a, b, (esp_operation){.kind = ESP_OPERATION_PRODUCT}, y, err);
}

static esp_status rows(esp_graph *g, esp_value *x, esp_value **y, esp_error *err) {
  const esp_shape s = shape_of(x);
  const esp_operation op = {.kind = ESP_OPERATION_ROWS,
                            .shape = {s.channels * s.width, 1, s.height}};
  return append(g, x, NULL, op, y, err);
}

/* ---- integers ---- */

static esp_status quantise(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                           esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_QUANTISE, .param = {scale}};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status to_integers(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                              esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_TO_INTEGERS, .param = {scale}};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status requantise(esp_graph *g, esp_value *x, esp_requantise_attr attr, esp_value **y,
                             esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_REQUANTISE, .attr.requantise = attr};
  return append_alike(g, x, NULL, op, y, err);
}

static esp_status add_integers(esp_graph *g, esp_value *a, esp_value *b, esp_requantise_attr attr,
                               esp_value **y, esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_ADD_INTEGERS, .attr.requantise = attr};
  ESP_TRY(esp__shape_add(shape_of(a), shape_of(b), err));
  return append_alike(g, a, b, op, y, err);
}

static esp_status from_integers(esp_graph *g, esp_value *x, esp_integers from, esp_value **y,
                                esp_error *err) {
  const esp_operation op = {.kind = ESP_OPERATION_FROM_INTEGERS, .attr.requantise.from = from};
  return append_alike(g, x, NULL, op, y, err);
}

static const esp__target target = {.shape = shape_of,
                                   .input = input,
                                   .conv = conv,
                                   .linear = linear,
                                   .batchnorm = batchnorm,
                                   .activation = activation,
                                   .custom_activation = custom_activation,
                                   .maxpool = maxpool,
                                   .avgpool = avgpool,
                                   .global_avgpool = global_avgpool,
                                   .dropout = dropout,
                                   .flatten = flatten,
                                   .reshape = reshape,
                                   .add = add,
                                   .concat = concat,
                                   .subsample = subsample,
                                   .mean_abs = mean_abs,
                                   .top_k = top_k,
                                   .gate = gate,
                                   .fatrelu = fatrelu,
                                   .embedding = embedding,
                                   .positions = positions,
                                   .layernorm = layernorm,
                                   .attention = attention,
                                   .recurrent = recurrent,
                                   .summary = summary,
                                   .product = product,
                                   .rows = rows,
                                   .quantise = quantise,
                                   .to_integers = to_integers,
                                   .requantise = requantise,
                                   .add_integers = add_integers,
                                   .from_integers = from_integers};

static esp_status list(esp__operations *ops, esp_model *model, esp__build_mode mode,
                       esp_error *err) {
  esp_value *logits;
  *ops = (esp__operations){.capacity = A_LINE * model->program->count + 1};
  ops->item = calloc((size_t)ops->capacity, sizeof *ops->item);
  ops->nature = calloc((size_t)ops->capacity, sizeof *ops->nature);
  if (!ops->item || !ops->nature)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a list of operations");
  ESP_TRY(esp__build_layers(model, &target, (esp_graph *)(void *)ops, mode, &logits, err));
  ops->output = number_of(ops, logits);
  return ESP_OK;
}

esp_status esp__operations_describe(esp_model *model, esp_error *err) {
  esp__operations ops;
  const esp_status status = list(&ops, model, ESP_BUILD_MAKE, err);
  esp__operations_free(&ops);
  return status;
}

esp_status esp__operations_list(esp__operations *ops, esp_model *model, esp_error *err) {
  *ops = (esp__operations){0};
  if (!esp__has_integers(model)) return list(ops, model, ESP_BUILD_USE, err);
  ESP_TRY(esp__twins_make(model, err));
  ESP_TRY(list(ops, model, ESP_BUILD_INTEGERS, err));
  return esp_model_check_integers(model, err);
}

void esp__operations_free(esp__operations *ops) {
  free(ops->item);
  free(ops->nature);
  *ops = (esp__operations){0};
}

int esp__only_reader(const esp__operations *ops, int v) {
  int reader = -1, readers = v == ops->output;
  for (int i = 0; i < ops->count; i++)
    for (int k = 0; k < 2; k++)
      if (ops->item[i].input[k] == v) {
        readers++;
        reader = i;
      }
  return readers == 1 ? reader : -1;
}
