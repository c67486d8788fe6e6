/* The network as an ONNX model.
 *
 * Each operation has a function that adds its nodes; most have one node. Values are called as the
 * operations that make them. They are planes (N, C, H, W), or rows (N, C) behind flatten and linear
 * layers, whose operators want no pixels. */
#include "export/network.h"
#include "export/onnx_ends.h"
#include "export/onnx_integers.h"
#include "export/onnx_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
  const esp__network *net;
  esp__onnx_model *model;
  const char **value; /* [ops] the name of what each operation makes */
  bool *rows;         /* [ops] it is rows, not planes */
  float *room;        /* for the values of the largest parameter */
} writer;

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *input_of(const writer *w, int i, int k) {
  return w->value[w->net->op[i].input[k]];
}
static bool reads_rows(const writer *w, int i, int k) {
  return w->rows[w->net->op[i].input[k]];
}

static esp__onnx_node *add(const writer *w, const char *op, const char *const *inputs,
                           const char *output) {
  return esp__onnx_add_node(w->model, op, inputs, output);
}

/* The name of something of operation `i`. */
static const char *part_of(const writer *w, int i, const char *word) {
  return esp__onnx_name(w->model, "%s.%s", w->value[i], word);
}

/* A node of two inputs; the name of what it makes is that of operation `i` and a word. */
static const char *add_step(const writer *w, int i, const char *word, const char *op, const char *a,
                            const char *b) {
  const char *output = part_of(w, i, word);
  add(w, op, (const char *const[]){a, b, NULL}, output);
  return output;
}

/* A constant that belongs to operation `i`. */
static const char *add_floats(const writer *w, int i, const char *word, int rank,
                              const int64_t *dims, const float *value) {
  return esp__onnx_add_floats(w->model, part_of(w, i, word), rank, dims, value);
}
static const char *add_scalar(const writer *w, int i, const char *word, float value) {
  return add_floats(w, i, word, 0, NULL, &value);
}
static const char *add_int64s(const writer *w, int i, const char *word, int count,
                              const int64_t *value) {
  return esp__onnx_add_int64s(w->model, part_of(w, i, word), count, value);
}

/* Input k of operation i as rows. */
static const char *rows_of(const writer *w, int i, int k) {
  if (reads_rows(w, i, k)) return input_of(w, i, k);
  const char *rows = esp__onnx_name(w->model, "%s.rows%d", w->value[i], k);
  add(w, "Flatten", INPUTS(input_of(w, i, k)), rows);
  return rows;
}

/* Input k of operation i as planes; those of rows have one pixel. */
static const char *planes_of(const writer *w, int i, int k) {
  if (!reads_rows(w, i, k)) return input_of(w, i, k);
  const int64_t shape[4] = {0, w->net->op[w->net->op[i].input[k]].shape.channels, 1, 1};
  const char *planes = esp__onnx_name(w->model, "%s.planes%d", w->value[i], k);
  add(w, "Reshape", INPUTS(input_of(w, i, k), add_int64s(w, i, "shape", 4, shape)), planes);
  return planes;
}

/* Input 0 as it is, which is what is made, too: of operations that take each value by itself. */
static const char *same_of(const writer *w, int i) {
  w->rows[i] = reads_rows(w, i, 0);
  return input_of(w, i, 0);
}

static void write_input(const writer *w, int i) {
  esp__onnx_add_data(w->model, w->net->source, w->net->op[i].shape, w->value[i]);
}

/* ---- convolution and linear layers, and batch norm ---- */

/* The weights of layer `i`, times what the batch norm behind it, if it has one, multiplies by. */
static const float *weights_of(const writer *w, int i, int batchnorm) {
  const esp_param *p = w->net->op[i].param[0];
  const size_t each = p->count / (size_t)p->shape[0];
  if (batchnorm < 0) return p->value;
  for (int c = 0; c < p->shape[0]; c++) {
    double line[2];
    esp__network_line(&w->net->op[batchnorm], c, line);
    for (size_t k = (size_t)c * each; k < (size_t)(c + 1) * each; k++)
      w->room[k] = (float)((double)p->value[k] * line[0]);
  }
  return w->room;
}

/* Its bias, folded as well. */
static const float *bias_of(const writer *w, int i, int batchnorm) {
  const esp_operation *o = &w->net->op[i];
  for (int c = 0; c < o->shape.channels; c++) {
    double line[2] = {1.0, 0.0};
    if (batchnorm >= 0) esp__network_line(&w->net->op[batchnorm], c, line);
    w->room[c] = (float)((o->param[1] ? (double)o->param[1]->value[c] : 0.0) * line[0] + line[1]);
  }
  return w->room;
}

static const char *add_weights(const writer *w, int i, int batchnorm) {
  const esp_param *p = w->net->op[i].param[0];
  int64_t dims[ESP_RANK_MAX];
  if (p->step)
    return esp__onnx_add_weights(w->model, part_of(w, i, "weight"), w->net, &w->net->op[i]);
  for (int k = 0; k < p->rank; k++) dims[k] = p->shape[k];
  return add_floats(w, i, "weight", p->rank, dims, weights_of(w, i, batchnorm));
}

/* NULL where there is none. */
static const char *add_bias(const writer *w, int i, int batchnorm) {
  const esp_operation *o = &w->net->op[i];
  const int64_t channels = o->shape.channels;
  if (batchnorm < 0 && !o->param[1]) return NULL;
  if (o->param[0]->step)
    return esp__onnx_add_bias(w->model, part_of(w, i, "bias"), w->net, o, w->room);
  return add_floats(w, i, "bias", 1, &channels, bias_of(w, i, batchnorm));
}

static void write_conv(const writer *w, int i) {
  const esp_operation *o = &w->net->op[i];
  const esp_conv_attr a = o->attr.conv;
  const int batchnorm = esp__network_batchnorm_behind(w->net, i);
  const char *weight = add_weights(w, i, batchnorm), *bias = add_bias(w, i, batchnorm);
  esp__onnx_node *node = add(w, "Conv", INPUTS(planes_of(w, i, 0), weight, bias), w->value[i]);
  esp__onnx_add_ints(w->model, node, "kernel_shape", 2,
                     (int64_t[]){o->param[0]->shape[2], o->param[0]->shape[3]});
  esp__onnx_add_ints(w->model, node, "strides", 2, (int64_t[]){a.stride.rows, a.stride.columns});
  const int64_t rows = a.padding.rows, columns = a.padding.columns;
  esp__onnx_add_ints(w->model, node, "pads", 4, (int64_t[]){rows, columns, rows, columns});
  esp__onnx_add_int(w->model, node, "group", a.groups);
}

static void write_linear(const writer *w, int i) {
  const int batchnorm = esp__network_batchnorm_behind(w->net, i);
  const char *weight = add_weights(w, i, batchnorm), *bias = add_bias(w, i, batchnorm);
  esp__onnx_node *node = add(w, "Gemm", INPUTS(rows_of(w, i, 0), weight, bias), w->value[i]);
  esp__onnx_add_int(w->model, node, "transB", 1);
  w->rows[i] = true;
}

/* x * line, for each channel. */
static const char *write_line(const writer *w, int i) {
  const esp_operation *o = &w->net->op[i];
  const int64_t dims[3] = {o->shape.channels, 1, 1};
  const char *x = planes_of(w, i, 0);
  for (int k = 0; k < 2; k++) {
    for (int c = 0; c < o->shape.channels; c++) {
      double line[2];
      esp__network_line(o, c, line);
      w->room[c] = (float)line[k];
    }
    x = add_step(w, i, k ? "shifted" : "scaled", k ? "Add" : "Mul", x,
                 add_floats(w, i, k ? "shift" : "scale", 3, dims, w->room));
  }
  return x;
}

static void write_batchnorm(const writer *w, int i) {
  const esp_operation *o = &w->net->op[i];
  const char *x = esp__network_is_folded(w->net, i) ? same_of(w, i) : write_line(w, i);
  if (o->input[1] >= 0)
    x = add_step(w, i, "sum", "Add", x, w->rows[i] ? rows_of(w, i, 1) : planes_of(w, i, 1));
  if (o->attr.relu)
    add(w, "Relu", INPUTS(x), w->value[i]);
  else
    w->value[i] = x;
}

/* ---- activations ---- */

static void write_quantise(const writer *w, int i) {
  esp__onnx_add_rounding(w->model, same_of(w, i), w->net->op[i].param[0]->value[0], w->value[i]);
}

/* 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
static void write_gelu(const writer *w, int i) {
  const char *x = same_of(w, i), *one = add_scalar(w, i, "one", 1.0f);
  const char *v = add_step(w, i, "square", "Mul", x, x);
  v = add_step(w, i, "bent", "Mul", v, add_scalar(w, i, "cubic", 0.044715f));
  v = add_step(w, i, "factor", "Add", v, one);
  v = add_step(w, i, "inner", "Mul", v, x);
  v = add_step(w, i, "scaled", "Mul", v, add_scalar(w, i, "root", 0.7978845608f));
  v = add_step(w, i, "tanh", "Tanh", v, NULL);
  v = add_step(w, i, "lifted", "Add", v, one);
  v = add_step(w, i, "half", "Mul", v, add_scalar(w, i, "share", 0.5f));
  add(w, "Mul", INPUTS(v, x), w->value[i]);
}

static void write_activation(const writer *w, int i) {
  static const char *const ops[ESP_ACTIVATIONS] = {[ESP_ACT_RELU] = "Relu",
                                                   [ESP_ACT_LEAKY_RELU] = "LeakyRelu",
                                                   [ESP_ACT_TANH] = "Tanh",
                                                   [ESP_ACT_SIGMOID] = "Sigmoid"};
  const esp_activation kind = w->net->op[i].attr.activation;
  if (kind == ESP_ACT_GELU) {
    write_gelu(w, i);
    return;
  }
  if (kind == ESP_ACT_RELU6) {
    const char *low = add_scalar(w, i, "low", 0.0f), *high = add_scalar(w, i, "high", 6.0f);
    add(w, "Clip", INPUTS(same_of(w, i), low, high), w->value[i]);
    return;
  }
  esp__onnx_node *node = add(w, ops[kind], INPUTS(same_of(w, i)), w->value[i]);
  if (kind == ESP_ACT_LEAKY_RELU) esp__onnx_add_float(w->model, node, "alpha", 0.01f);
}

static void write_fatrelu(const writer *w, int i) {
  const esp_fatrelu_attr a = w->net->op[i].attr.fatrelu;
  esp__onnx_node *node = add(w, "ThresholdedRelu", INPUTS(same_of(w, i)), w->value[i]);
  esp__onnx_add_float(w->model, node, "alpha", a.chosen ? a.chosen->value[0] : a.threshold);
}

/* ---- pooling and places ---- */

static void add_window(const writer *w, esp__onnx_node *node, int size, int stride, int padding) {
  esp__onnx_add_ints(w->model, node, "kernel_shape", 2, (int64_t[]){size, size});
  esp__onnx_add_ints(w->model, node, "strides", 2, (int64_t[]){stride, stride});
  esp__onnx_add_ints(w->model, node, "pads", 4, (int64_t[]){padding, padding, padding, padding});
}

static void write_maxpool(const writer *w, int i) {
  const esp_pool_attr a = w->net->op[i].attr.pool;
  add_window(w, add(w, "MaxPool", INPUTS(planes_of(w, i, 0)), w->value[i]), a.size, a.stride,
             a.padding);
}

/* Adds zeros around input 0: `pads` before and behind each axis. Some readers divide an average by
 * the part of the window that lies in the plane, whatever the model says; zeros of their own leave
 * no doubt. */
static const char *pad_input(const writer *w, int i, const char *x, const int64_t pads[8]) {
  return add_step(w, i, "padded", "Pad", x, add_int64s(w, i, "pads", 8, pads));
}

static void write_avgpool(const writer *w, int i) {
  const esp_pool_attr a = w->net->op[i].attr.pool;
  const char *x = planes_of(w, i, 0);
  if (a.size == 0) {
    add(w, "GlobalAveragePool", INPUTS(x), w->value[i]);
    return;
  }
  const int64_t pads[8] = {0, 0, a.padding, a.padding, 0, 0, a.padding, a.padding};
  if (a.padding > 0) x = pad_input(w, i, x, pads);
  add_window(w, add(w, "AveragePool", INPUTS(x), w->value[i]), a.size, a.stride, 0);
}

/* Every stride-th pixel is the maximum of one; then channels of zeros. */
static void write_subsample(const writer *w, int i) {
  const esp_operation *o = &w->net->op[i];
  const int64_t pads[8] = {[5] = o->shape.channels - w->net->op[o->input[0]].shape.channels};
  const char *x = part_of(w, i, "pixels");
  add_window(w, add(w, "MaxPool", INPUTS(planes_of(w, i, 0)), x), 1, o->attr.stride, 0);
  w->value[i] = pad_input(w, i, x, pads);
}

static void write_flatten(const writer *w, int i) {
  add(w, "Flatten", INPUTS(input_of(w, i, 0)), w->value[i]);
  w->rows[i] = true;
}

/* A node that gives x another shape; 0 stands for the images. */
static void add_reshape(const writer *w, int i, const char *word, const char *x, int rank,
                        const int64_t *shape, const char *output) {
  add(w, "Reshape", INPUTS(x, add_int64s(w, i, word, rank, shape)), output);
}

/* A matrix for each image, transposed; then planes, or rows where they would have one pixel. */
static void write_reshape(const writer *w, int i) {
  const esp_operation *o = &w->net->op[i];
  const int64_t rows = o->attr.reshape.transpose, values = (int64_t)esp__network_values(o->shape),
                matrix[3] = {0, rows, values / rows},
                shape[4] = {0, o->shape.channels, o->shape.height, o->shape.width};
  const char *x = input_of(w, i, 0);
  if (rows > 1) {
    const char *as_matrix = part_of(w, i, "matrix"), *transposed = part_of(w, i, "transposed");
    add_reshape(w, i, "matrix_shape", x, 3, matrix, as_matrix);
    esp__onnx_node *node = add(w, "Transpose", INPUTS(as_matrix), transposed);
    esp__onnx_add_ints(w->model, node, "perm", 3, (int64_t[]){0, 2, 1});
    x = transposed;
  }
  w->rows[i] = o->shape.width == 1;
  add_reshape(w, i, "shape", x, w->rows[i] ? 2 : 4, shape, w->value[i]);
}

static void write_dropout(const writer *w, int i) {
  w->value[i] = same_of(w, i);
}

/* A node of both inputs, which are made alike. */
static esp__onnx_node *add_pair(const writer *w, int i, const char *op) {
  w->rows[i] = reads_rows(w, i, 0) && reads_rows(w, i, 1);
  if (w->rows[i]) return add(w, op, INPUTS(input_of(w, i, 0), input_of(w, i, 1)), w->value[i]);
  return add(w, op, INPUTS(planes_of(w, i, 0), planes_of(w, i, 1)), w->value[i]);
}

static void write_add(const writer *w, int i) {
  add_pair(w, i, "Add");
}

static void write_concat(const writer *w, int i) {
  esp__onnx_add_int(w->model, add_pair(w, i, "Concat"), "axis", 1);
}

/* ---- gates ---- */

static void write_mean_abs(const writer *w, int i) {
  const char *x = add_step(w, i, "size", "Abs", planes_of(w, i, 0), NULL);
  add(w, "GlobalAveragePool", INPUTS(x), w->value[i]);
}

/* The largest are put back to where they were among zeros; what is below 0 is 0 as well. */
static void write_top_k(const writer *w, int i) {
  const int64_t keep = w->net->op[i].attr.top_k.keep;
  const char *x = add_step(w, i, "positive", "Relu", same_of(w, i), NULL),
             *largest = part_of(w, i, "largest"), *where = part_of(w, i, "where");
  esp__onnx_node *node = add(w, "TopK", INPUTS(x, add_int64s(w, i, "keep", 1, &keep)), largest);
  esp__onnx_add_output(w->model, node, where);
  esp__onnx_add_int(w->model, node, "axis", 1);
  const char *zeros = add_step(w, i, "zeros", "Sub", x, x);
  node = add(w, "ScatterElements", INPUTS(zeros, where, largest), w->value[i]);
  esp__onnx_add_int(w->model, node, "axis", 1);
}

static void write_gate(const writer *w, int i) {
  add_pair(w, i, "Mul");
}

static void (*const writers[])(const writer *w, int i) = {
    [ESP_OPERATION_INPUT] = write_input,
    [ESP_OPERATION_CONV] = write_conv,
    [ESP_OPERATION_LINEAR] = write_linear,
    [ESP_OPERATION_BATCHNORM] = write_batchnorm,
    [ESP_OPERATION_ACTIVATION] = write_activation,
    [ESP_OPERATION_FATRELU] = write_fatrelu,
    [ESP_OPERATION_MAXPOOL] = write_maxpool,
    [ESP_OPERATION_AVGPOOL] = write_avgpool,
    [ESP_OPERATION_DROPOUT] = write_dropout,
    [ESP_OPERATION_FLATTEN] = write_flatten,
    [ESP_OPERATION_RESHAPE] = write_reshape,
    [ESP_OPERATION_ADD] = write_add,
    [ESP_OPERATION_CONCAT] = write_concat,
    [ESP_OPERATION_SUBSAMPLE] = write_subsample,
    [ESP_OPERATION_MEAN_ABS] = write_mean_abs,
    [ESP_OPERATION_TOP_K] = write_top_k,
    [ESP_OPERATION_GATE] = write_gate,
    [ESP_OPERATION_QUANTISE] = write_quantise,
    [ESP_OPERATION_TO_INTEGERS] = NULL, /* these are in no network of rounded floats */
    [ESP_OPERATION_REQUANTISE] = NULL,
    [ESP_OPERATION_ADD_INTEGERS] = NULL,
    [ESP_OPERATION_FROM_INTEGERS] = NULL,
    [ESP_OPERATION_ROWS] = NULL, /* layers of sequences up to here are refused */
};

_Static_assert(sizeof writers / sizeof *writers == ESP_OPERATION_KINDS,
               "each kind is written, or refused by check_operation in network.c");

/* ---- all of it ---- */

/* The logits, or targets, as rows. */
static void write_output(const writer *w) {
  const int last = w->net->ops - 1;
  const bool targets = w->net->source->targets.count > 0;
  const char *rows = targets ? esp__onnx_name(w->model, "outputs") : "logits";
  add(w, w->rows[last] ? "Identity" : "Flatten", INPUTS(w->value[last]), rows);
  esp__onnx_add_answers(w->model, w->net->source, w->value[last], rows,
                        w->net->op[last].shape.channels);
}

static esp_status write_network(const writer *w, esp_error *err) {
  for (int i = 0; i < w->net->ops; i++) {
    char name[ESP_EXPORT_NAME_MAX];
    esp__network_name(w->net, i, name);
    if (!(w->value[i] = esp__onnx_name(w->model, "%s", name)))
      return esp_fail(err, ESP_ERR_MEMORY, "out of memory for an ONNX model");
  }
  for (int i = 0; i < w->net->ops; i++) writers[w->net->op[i].kind](w, i);
  write_output(w);
  return esp__onnx_add_facts(w->model, w->net->source, err);
}

/* Values of the largest parameter, and of what has a number for each channel. */
static size_t most_values(const esp__network *n) {
  size_t most = 1;
  for (int i = 0; i < n->ops; i++) {
    const esp_operation *o = &n->op[i];
    const size_t values = o->param[0] ? o->param[0]->count : 0;
    if (values > most) most = values;
  }
  return most;
}

static esp_status export_network(const esp__network *n, esp_onnx_form form, const char *path,
                                 esp_error *err) {
  writer w = {.net = n,
              .value = calloc((size_t)n->ops, sizeof *w.value),
              .rows = calloc((size_t)n->ops, sizeof *w.rows),
              .room = malloc(most_values(n) * sizeof *w.room)};
  esp_status status = w.value && w.rows && w.room
                          ? ESP_OK
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for an ONNX model");
  if (status == ESP_OK) status = esp__onnx_model_new(&w.model, form == ESP_ONNX_SPARSE, err);
  if (status == ESP_OK) status = write_network(&w, err);
  if (status == ESP_OK) status = esp__onnx_model_write(w.model, path, err);
  esp__onnx_model_free(w.model);
  free(w.value);
  free(w.rows);
  free(w.room);
  return status;
}

/* Integers have a form of their own, which not every reader reads. */
static esp_status check_form(const esp__network *n, esp_onnx_form form, esp_error *err) {
  if (n->quantised == (form == ESP_ONNX_INT8)) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT, "%s",
      n->quantised ? "the network is quantised; expected --int8, which writes its integers"
                   : "--int8: the network is not quantised; expected one that `espalier compress "
                     "DIR -o DIR2 compress.steps=quantise` made");
}

esp_status esp_export_onnx(const esp_export_source *s, esp_onnx_form form, const char *path,
                           esp_error *err) {
  esp__network n;
  ESP_TRY(esp__network_read(&n, s, ESP_NETWORK_ROUNDED, "ONNX", err));
  esp_status status = check_form(&n, form, err);
  if (status == ESP_OK) status = export_network(&n, form, path, err);
  esp__network_free(&n);
  return status;
}
