/* The layer language builds a list of operations, as it builds a graph. */
#include "predict/network.h"

#include "autograd/shapes.h"
#include "nn/layers.h"

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

/* Appends an operation; the list never moves, so what was handed out stays. */
static esp_status append(esp_graph *g, const esp_value *a, const esp_value *b, esp_operation op,
                         esp_value **y, esp_error *err) {
  esp__operations *ops = list_of(g);
  if (ops->count == ops->capacity)
    return esp_fail(err, ESP_ERR_INPUT, "the network has more than %d operations", ops->capacity);
  op.input[0] = number_of(ops, a);
  op.input[1] = number_of(ops, b);
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
                                   .add = add,
                                   .concat = concat,
                                   .subsample = subsample,
                                   .mean_abs = mean_abs,
                                   .top_k = top_k,
                                   .gate = gate,
                                   .fatrelu = fatrelu};

esp_status esp__operations_list(esp__operations *ops, esp_model *model, bool make, esp_error *err) {
  esp_value *logits;
  *ops = (esp__operations){.capacity = A_LINE * model->program->count + 1};
  ops->item = calloc((size_t)ops->capacity, sizeof *ops->item);
  if (!ops->item) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a list of operations");
  esp_status status = esp__build_layers(model, &target, (esp_graph *)(void *)ops,
                                        make ? ESP_BUILD_MAKE : ESP_BUILD_USE, &logits, err);
  if (status == ESP_OK)
    ops->output = number_of(ops, logits);
  else
    esp__operations_free(ops);
  return status;
}

void esp__operations_free(esp__operations *ops) {
  free(ops->item);
  *ops = (esp__operations){0};
}
