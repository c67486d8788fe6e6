/* The autograd graph: operations on activations, in the order they were added.
 *
 * A graph is built once for a model and a batch size, planned once (all memory is made there), and then run
 * for every batch: esp_graph_forward, esp_graph_backward. A pass allocates nothing, but for the lists of
 * nonzero weights when a mask first appears.
 *
 * Every builder below infers the output's shape, and fails with a sentence when shapes do not fit. Values are
 * owned by the graph. Gradients add up where a value is used more than once. */
#ifndef ESP_GRAPH_H
#define ESP_GRAPH_H

#include <espalier/activation.h>
#include <espalier/param.h>
#include <espalier/random.h>
#include <espalier/status.h>
#include <espalier/tensor.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct esp_graph esp_graph;
typedef struct esp_value esp_value;

typedef struct esp_shape {
  int channels, height, width;
} esp_shape;

/* A batch as the data loader makes it. */
typedef struct esp_batch {
  const float *images;   /* lane layout without halo: [blocks][C][H][W][16]; padding images are zeros */
  const int32_t *labels; /* [count], 0-based class */
  int count;             /* images that are valid, 1 to the graph's batch */
} esp_batch;

/* A new empty graph for batches of up to `batch` images (1 to 65536). `gradients` = false makes one for
 * inference: it holds no gradients and backward must not be called. */
esp_status esp_graph_new(esp_graph **graph, int batch, bool gradients, esp_error *err);
void esp_graph_free(esp_graph *graph); /* not the parameters: the model owns them */

esp_status esp_graph_input(esp_graph *g, esp_shape shape, esp_value **y, esp_error *err);

/* Convolution (really cross-correlation), zero padding. weight (O, C / groups, kh, kw), bias (O) or NULL.
 * Groups divide C and O; groups = C = O is depthwise. */
typedef struct esp_conv_attr {
  int stride, padding, groups;
} esp_conv_attr;
esp_status esp_graph_conv(esp_graph *g, esp_value *x, esp_conv_attr attr, esp_param *weight, esp_param *bias,
                          esp_value **y, esp_error *err);

/* x (F, 1, 1), weight (O, F), bias (O) or NULL. */
esp_status esp_graph_linear(esp_graph *g, esp_value *x, esp_param *weight, esp_param *bias, esp_value **y,
                            esp_error *err);

/* Batch normalisation (Ioffe & Szegedy 2015; epsilon 1e-5, running = 0.9 running + 0.1 batch, unbiased
 * running variance), plus `residual` if not NULL, then ReLU if asked: one pass. */
typedef struct esp_bn_params {
  esp_param *scale, *shift, *mean, *var;
} esp_bn_params;
esp_status esp_graph_batchnorm(esp_graph *g, esp_value *x, esp_bn_params params, esp_value *residual,
                               bool relu, esp_value **y, esp_error *err);

esp_status esp_graph_activation(esp_graph *g, esp_value *x, esp_activation kind, esp_value **y,
                                esp_error *err);

/* Windows lie inside the plane padded by `padding` (below size); average divides by the whole window. Max
 * pooling never chooses a padding pixel; of equal values the first in row order wins, and only it gets the
 * gradient. */
typedef struct esp_pool_attr {
  int size, stride, padding;
} esp_pool_attr;
esp_status esp_graph_maxpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y, esp_error *err);
esp_status esp_graph_avgpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y, esp_error *err);
/* (C, H, W) to (C, 1, 1) */
esp_status esp_graph_global_avgpool(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);

/* Inverted dropout: in training each value is 0 with `probability` in [0, 1), else divided by 1 -
 * probability. */
esp_status esp_graph_dropout(esp_graph *g, esp_value *x, float probability, esp_value **y, esp_error *err);

/* (C, H, W) to (C * H * W, 1, 1), in that order. */
esp_status esp_graph_flatten(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);
esp_status esp_graph_add(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err);
/* Along the channels. */
esp_status esp_graph_concat(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err);
/* Every stride-th row and column, followed by zero channels up to `channels`: the parameter-free shortcut
 * ("option A") of He et al. 2016. */
esp_status esp_graph_subsample(esp_graph *g, esp_value *x, int channels, int stride, esp_value **y,
                               esp_error *err);

/* The loss, mean over the valid images. logits (classes, 1, 1). Smoothing in [0, 1) spreads that much of the
 * target evenly over all classes. Mean squared error is against the one-hot label, mean over classes too. */
typedef enum esp_loss_kind { ESP_LOSS_CROSS_ENTROPY, ESP_LOSS_MEAN_SQUARED } esp_loss_kind;
esp_status esp_graph_loss(esp_graph *g, esp_value *logits, esp_loss_kind kind, float smoothing,
                          esp_error *err);

/* Lets another graph of the same classes teach this one in training (Hinton et al. 2015): the loss becomes (1
 * - share) loss + share T^2 KL(teacher || own), of softmax(logits / T) both. The teacher must have run
 * forward on the same batch. NULL: no teacher. */
void esp_graph_teach(esp_graph *g, const esp_graph *teacher, float share, float temperature);

/* Makes all memory. After it no operation can be added. */
esp_status esp_graph_plan(esp_graph *g, esp_error *err);

/* Layers whose parameter has a mask can run kernels that know only the nonzero weights; the results have the
 * same bits. AUTO chooses by stopwatch, per layer and direction. */
typedef enum esp_sparse_mode { ESP_SPARSE_AUTO, ESP_SPARSE_ON, ESP_SPARSE_OFF } esp_sparse_mode;
void esp_graph_sparse(esp_graph *g, esp_sparse_mode mode);

/* How a pass is run. */
typedef struct esp_pass {
  bool training;        /* batch statistics and dropout, or running statistics */
  esp_key dropout_key;  /* changes with every step */
  bool dense_gradients; /* backward must fill the gradients of pruned weights too; else they may be 0 */
} esp_pass;

/* What a pass found over the valid images of the batch. */
typedef struct esp_outcome {
  double loss_sum; /* sum over images */
  int count;       /* images */
} esp_outcome;

/* Runs the operations. `labels` of the batch may be NULL: then there is no loss. */
esp_outcome esp_graph_forward(esp_graph *g, const esp_batch *batch, esp_pass pass);
/* Fills `grad` of every training parameter with d loss / d value (overwrites). After a training forward. */
void esp_graph_backward(esp_graph *g);

/* The shape of a value; the value that feeds the loss (or was added last); its number `c` for an image of
 * the last batch. */
esp_shape esp_value_shape(const esp_value *v);
esp_value *esp_graph_output(const esp_graph *g);
float esp_value_at(const esp_value *v, int image, int c, int row, int column);

/* Multiply-adds of one image through the convolutions and linear layers, pruned weights not counted when
 * `effective`. */
double esp_graph_macs(const esp_graph *g, bool effective);

/* Bytes of activations, gradients and scratch. */
size_t esp_graph_bytes(const esp_graph *g);

#endif
