/* Small networks for the tests, a network in a table row.
 *
 * A row is a list of steps. Each works on the value made last ("it"); KEEP remembers it beside, for
 * a second branch. A linear layer with NET_CLASSES outputs and the loss are always put at the
 * end. */
#ifndef NET_H
#define NET_H

#include <espalier/graph.h>
#include <espalier/param.h>

enum { NET_CLASSES = 3, NET_STEPS = 20 };

typedef enum net_kind {
  NET_END,
  NET_KEEP,
  NET_SWAP,
  NET_INPUT,
  NET_CONV,
  NET_LINEAR,
  NET_BATCHNORM,
  NET_ACTIVATION,
  NET_CUSTOM,
  NET_MAXPOOL,
  NET_AVGPOOL,
  NET_GLOBAL,
  NET_DROPOUT,
  NET_FLATTEN,
  NET_ADD,
  NET_TWICE,
  NET_CONCAT,
  NET_SUBSAMPLE,
  NET_FATRELU,
  NET_TOP_K,
  NET_GATE,
  NET_EMBEDDING,
  NET_POSITIONS,
  NET_LAYERNORM,
  NET_ATTENTION,
  NET_RECURRENT,
  NET_SUMMARY,
  NET_PRODUCT,
  NET_ROWS,
  NET_RESHAPE,
  NET_LOSS
} net_kind;

typedef struct net_step {
  net_kind kind;
  int a[9];
} net_step;

// clang-format off
#define KEEP {NET_KEEP, {0}} /* what is kept = it */
#define SWAP {NET_SWAP, {0}} /* exchange it and what is kept */
#define INPUT {NET_INPUT, {0}} /* it = the images */
#define CONV(outputs, rows, columns, stride, padding, groups, bias) \
  {NET_CONV, {outputs, rows, columns, groups, bias, stride, stride, padding, padding}}
/* with a stride and a padding for each axis, rows first */
#define CONV_AXES(outputs, rows, columns, down, across, above, beside, bias) \
  {NET_CONV, {outputs, rows, columns, 1, bias, down, across, above, beside}}
#define LINEAR(outputs, bias) {NET_LINEAR, {outputs, bias}}
#define BN(relu) {NET_BATCHNORM, {relu, 0}}
#define BN_PLUS(relu) {NET_BATCHNORM, {relu, 1}} /* with what is kept as the residual */
#define ACT(kind) {NET_ACTIVATION, {kind}}
#define SOFTSIGN {NET_CUSTOM, {0}} /* x / (1 + |x|), from outside the tree */
#define BELL {NET_CUSTOM, {1}} /* 1 / (1 + x^2), from outside the tree */
#define MAXPOOL(size, stride, padding) {NET_MAXPOOL, {size, stride, padding}}
#define AVGPOOL(size, stride, padding) {NET_AVGPOOL, {size, stride, padding}}
#define GLOBAL {NET_GLOBAL, {0}}
#define DROPOUT(percent) {NET_DROPOUT, {percent}}
#define FLATTEN {NET_FLATTEN, {0}}
#define ADD {NET_ADD, {0}} /* it + what is kept */
#define TWICE {NET_TWICE, {0}} /* it + it */
#define CONCAT {NET_CONCAT, {0}} /* it, then what is kept */
#define SUBSAMPLE(channels, stride) {NET_SUBSAMPLE, {channels, stride}}
#define FATRELU(percent) {NET_FATRELU, {percent}} /* its threshold */
/* the numbers for a gate, from it; and the penalty */
#define TOP_K(outputs, keep, millionths) {NET_TOP_K, {outputs, keep, millionths}}
#define GATE {NET_GATE, {0}} /* it times the numbers made last */
#define EMBEDDING(channels) {NET_EMBEDDING, {channels}}
#define POSITIONS {NET_POSITIONS, {0}}
#define LAYERNORM {NET_LAYERNORM, {0}}
#define ATTENTION(heads, causal) {NET_ATTENTION, {heads, causal}} /* of a linear layer's 3 x it */
#define LSTM(units, reverse) {NET_RECURRENT, {ESP_CELL_LSTM, units, reverse}}
#define GRU(units, reverse) {NET_RECURRENT, {ESP_CELL_GRU, units, reverse}}
#define SUMMARY(kind) {NET_SUMMARY, {kind}}
#define PRODUCT {NET_PRODUCT, {0}} /* it * what is kept */
#define ROWS {NET_ROWS, {0}}
#define RESHAPE(planes, transpose) {NET_RESHAPE, {planes, transpose}}
/* with label smoothing; cross entropy unless given */
#define LOSS(kind, percent) {NET_LOSS, {kind, percent}}
// clang-format on

/* The activations from outside the tree that steps name. */
extern const esp_activation_kind net_activations[2];

typedef struct net_plan {
  const char *name;
  esp_shape input;
  int batch;
  net_step step[NET_STEPS];
  bool direct; /* esp_graph_disable_winograd */
} net_plan;

/* A convolution or linear layer of a network that was opened. */
typedef struct net_layer {
  const esp_value *in, *out;
  const esp_value *gate; /* what its outputs are multiplied by in the end; NULL: nothing */
  const esp_param *weight;
  esp_conv_attr attr;
} net_layer;

typedef struct net {
  esp_params params;
  esp_graph *graph;
  net_layer layer[2 * NET_STEPS];
  int layers;
} net;

/* Parameters with random values, and a graph for up to `batch` images. Aborts the test on
 * failure. */
void net_open(net *n, const net_plan *plan, int batch, bool gradients);
void net_close(net *n);

/* Random images and labels; padding images are zeros. */
esp_batch net_batch(esp_shape shape, int images, esp_key key);
void net_batch_free(esp_batch *b);
/* Puts random targets in the place of the labels, for a network of so many outputs. */
void net_batch_targets(esp_batch *b, int outputs, esp_key key);

#endif
