/* The autograd graph: operations on activations, in the order they were added.
 *
 * A graph is built once for a model and a batch size, planned once (all memory is made there), and
 * then run for every batch: esp_graph_forward, esp_graph_backward. A pass allocates nothing, but
 * for the lists of nonzero weights when a mask first appears.
 *
 * Every builder below infers the output's shape, and fails with a sentence when shapes do not fit.
 * Values are owned by the graph. Gradients add up where a value is used more than once. */
#ifndef ESP_GRAPH_H
#define ESP_GRAPH_H

#include <espalier/activation.h>
#include <espalier/linkage.h>
#include <espalier/param.h>
#include <espalier/random.h>
#include <espalier/sequence.h>
#include <espalier/status.h>
#include <espalier/target.h>
#include <espalier/task.h>
#include <espalier/tensor.h>

#include <stdbool.h>
#include <stdint.h>

ESP_BEGIN_DECLS

typedef struct esp_graph esp_graph;
typedef struct esp_value esp_value;

typedef struct esp_shape {
  int channels, height, width;
  /* 0, or the plane (1, 1, T) holds tokens of a text: whole numbers below this one, of which 0 is
   * the padding behind a text and 1 a word that is not known. Only the images are ever tokens. */
  int vocabulary;
} esp_shape;
static inline bool esp_shape_same(esp_shape a, esp_shape b) {
  return a.channels == b.channels && a.height == b.height && a.width == b.width &&
         a.vocabulary == b.vocabulary;
}

/* A batch as the data loader makes it. */
typedef struct esp_batch {
  /* Lane layout without halo: [blocks][C][H][W][16]; padding images are zeros. */
  const float *images;
  const int32_t
      *labels; /* [count], 0-based class; NULL where there are targets, or nothing is known */
  int count;   /* images that are valid, 1 to the graph's batch */
  /* Where these are the share of one process and others have the rest: the images of the whole
   * batch, and how many of them come before. `count` may then be 0. all = 0: these are all. */
  int all, first;
  /* Real-valued targets, and what they are; NULL where there are classes. Lane layout,
   * [blocks][outputs][16], in the units of the outputs; padding images have zeros. */
  const float *targets;
  const esp_target_scale *scale;
} esp_batch;
static inline int esp_batch_images(const esp_batch *b) {
  return b->all > 0 ? b->all : b->count;
}

/* A new empty graph for batches of up to `batch` images (1 to 65536). `gradients` = false makes one
 * for inference: it holds no gradients and backward must not be called. */
esp_status esp_graph_new(esp_graph **graph, int batch, bool gradients, esp_error *err);
void esp_graph_free(esp_graph *graph); /* not the parameters: the model owns them */

esp_status esp_graph_input(esp_graph *g, esp_shape shape, esp_value **y, esp_error *err);

/* Two numbers of a window, one for each axis of a plane. */
typedef struct esp_pair {
  int rows, columns;
} esp_pair;

/* Convolution (really cross-correlation), zero padding. weight (O, C / groups, kh, kw), bias (O) or
 * NULL. Rows and columns have a stride (1 or more) and a padding (0 or more) each. Groups divide C
 * and O; groups = C = O is depthwise. */
typedef struct esp_conv_attr {
  esp_pair stride, padding;
  int groups;
} esp_conv_attr;
esp_status esp_graph_conv(esp_graph *g, esp_value *x, esp_conv_attr attr, esp_param *weight,
                          esp_param *bias, esp_value **y, esp_error *err);

/* x (F, 1, W), each pixel by itself; weight (O, F), bias (O) or NULL. */
esp_status esp_graph_linear(esp_graph *g, esp_value *x, esp_param *weight, esp_param *bias,
                            esp_value **y, esp_error *err);

/* Batch normalisation (Ioffe & Szegedy 2015; epsilon 1e-5, running = 0.9 running + 0.1 batch,
 * unbiased running variance), plus `residual` if not NULL, then ReLU if asked: one pass. */
typedef struct esp_bn_params {
  esp_param *scale, *shift, *mean, *var;
} esp_bn_params;
esp_status esp_graph_batchnorm(esp_graph *g, esp_value *x, esp_bn_params params,
                               esp_value *residual, bool relu, esp_value **y, esp_error *err);

/* What a batch norm with these running statistics does to a value: x * line[0] + line[1]. */
void esp_batchnorm_line(double scale, double shift, double mean, double var, double line[2]);

esp_status esp_graph_activation(esp_graph *g, esp_value *x, esp_activation kind, esp_value **y,
                                esp_error *err);
/* An activation from outside the tree; it need not be registered. The kind is borrowed. */
esp_status esp_graph_custom_activation(esp_graph *g, esp_value *x, const esp_activation_kind *kind,
                                       esp_value **y, esp_error *err);

/* Windows lie inside the plane padded by `padding` (below size); average divides by the whole
 * window. Max pooling never chooses a padding pixel; of equal values the first in row order wins,
 * and only it gets the gradient. */
typedef struct esp_pool_attr {
  int size, stride, padding;
} esp_pool_attr;
esp_status esp_graph_maxpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                             esp_error *err);
esp_status esp_graph_avgpool(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                             esp_error *err);
/* The mean of each channel: (C, H, W) to (C, 1, 1). */
esp_status esp_graph_global_avgpool(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);

/* Inverted dropout: in training each value is 0 with `probability` in [0, 1), else divided by 1 -
 * probability. */
esp_status esp_graph_dropout(esp_graph *g, esp_value *x, float probability, esp_value **y,
                             esp_error *err);

/* (C, H, W) to (C * H * W, 1, 1), in that order. */
esp_status esp_graph_flatten(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);
/* The values in one row, in the order channel, row, column: seen as a matrix of `transpose` rows,
 * transposed (1: as it is), and cut into `planes` channels, each a plane of height 1. Both divide
 * the number of values. */
typedef struct esp_reshape_attr {
  int planes, transpose;
} esp_reshape_attr;
esp_status esp_graph_reshape(esp_graph *g, esp_value *x, esp_reshape_attr attr, esp_value **y,
                             esp_error *err);
/* a + b, of one shape. */
esp_status esp_graph_add(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err);
/* The channels of a, then those of b; both of one height and width. */
esp_status esp_graph_concat(esp_graph *g, esp_value *a, esp_value *b, esp_value **y,
                            esp_error *err);
/* Every stride-th row and column, followed by zero channels up to `channels`: the parameter-free
 * shortcut ("option A") of He et al. 2016. */
esp_status esp_graph_subsample(esp_graph *g, esp_value *x, int channels, int stride, esp_value **y,
                               esp_error *err);

/* The parts of a channel gate: dynamic channel pruning by feature boosting and suppression (Gao et
 * al., ICLR 2019). x (C, H, W) to the mean of |x| of each channel, (C, 1, 1). */
esp_status esp_graph_mean_abs(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);
/* x (C, 1, 1): of each image the `keep` (1 to C) largest numbers, where they are above 0, else 0;
 * of equal ones those of lower channels. `penalty` (0 or more) is added to the gradient of every
 * number above 0, as an L1 term of the loss, mean over the images, would; the loss itself does not
 * show it. */
typedef struct esp_top_k_attr {
  int keep;
  float penalty;
} esp_top_k_attr;
esp_status esp_graph_top_k(esp_graph *g, esp_value *x, esp_top_k_attr attr, esp_value **y,
                           esp_error *err);
/* x (C, H, W) times `by` (C, 1, 1). A convolution need not compute what a gate behind it and its
 * batch norm or non-linearity sets to 0, and is counted so if `by` was added before it. */
esp_status esp_graph_gate(esp_graph *g, esp_value *x, esp_value *by, esp_value **y, esp_error *err);

/* ReLU with a threshold (FATReLU; Kurtz et al., ICML 2020): x where x > threshold, else 0. With
 * `chosen`, a parameter of one number, the threshold is that number, which a pass with `choose`
 * sets: the smallest such that a share (0 to below 1) of what the operation writes, or more, is 0
 * over the images of the pass. */
typedef struct esp_fatrelu_attr {
  float threshold, share;
  esp_param *chosen; /* NULL: threshold is given */
} esp_fatrelu_attr;
esp_status esp_graph_fatrelu(esp_graph *g, esp_value *x, esp_fatrelu_attr attr, esp_value **y,
                             esp_error *err);

/* Sequences: images of height 1, whose pixels are tokens. Behind an embedding each image's is as
 * long as its text; elsewhere it is as long as the plane. What operations make of the padding
 * behind it means nothing, but for windows, which read it.
 *
 * x (1, 1, T) of tokens, weight (vocabulary, D) to (D, 1, T): the token's row of the weight.
 * Padding becomes zeros; what is no number of the vocabulary counts as 1, the word that is not
 * known. */
esp_status esp_graph_embedding(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                               esp_error *err);
/* x (D, 1, T) plus weight (T, D): what is learned of each place. */
esp_status esp_graph_positions(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                               esp_error *err);
/* Layer normalisation (Ba et al. 2016; epsilon 1e-5) of each pixel over its channels; scale and
 * shift (C). */
esp_status esp_graph_layernorm(esp_graph *g, esp_value *x, esp_param *scale, esp_param *shift,
                               esp_value **y, esp_error *err);
/* Scaled dot-product attention (Vaswani et al. 2017): x (3 D, 1, T), queries, keys and values one
 * behind the other, to (D, 1, T). Heads divide D; keys behind the end of a sequence do not
 * count. */
esp_status esp_graph_attention(esp_graph *g, esp_value *x, esp_attention_attr attr, esp_value **y,
                               esp_error *err);
/* A recurrent layer behind the sums of its gates over its input, x (gates * D, 1, T), to what it
 * leaves at each token, (D, 1, T). weight (gates * D, D) multiplies what the token before left, to
 * which bias (gates * D), or NULL, is added. Tokens behind the end of a sequence leave zeros.
 * Gates: of LSTM input, forget, candidate, output; of GRU reset, update, candidate, as
 *
 *     h' = (1 - update) candidate + update h,   candidate = tanh(x + reset (weight h + bias)) */
esp_status esp_graph_recurrent(esp_graph *g, esp_value *x, esp_recurrent_attr attr,
                               esp_param *weight, esp_param *bias, esp_value **y, esp_error *err);
/* (C, 1, T) to (C, 1, 1), of the tokens that are no padding. */
esp_status esp_graph_summary(esp_graph *g, esp_value *x, esp_token_summary kind, esp_value **y,
                             esp_error *err);
/* a * b, value by value, of one shape. */
esp_status esp_graph_product(esp_graph *g, esp_value *a, esp_value *b, esp_value **y,
                             esp_error *err);
/* Rows become tokens: (C, H, W) to (C * W, 1, H). */
esp_status esp_graph_rows(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);

/* Numbers of 8 bits. A tensor's scale is a parameter of one number. Floats that are rounded, for
 * training: y = s * q, where q is x / s (x times the reciprocal in single precision) rounded half
 * to even, within [-127, 127]; while the scale is 0, y = x. The gradient goes straight through
 * within that range. A scale with room for a gradient gets that of learned step size quantisation
 * (Esser et al. 2020): with n values an image,
 *
 *     ds = 1 / sqrt(n 127) * sum of dy * (q - x / s, or q where that is the end of the range) */
esp_status esp_graph_quantise(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                              esp_error *err);
/* The integers q themselves, held as floats, in a graph for inference. */
esp_status esp_graph_to_integers(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                                 esp_error *err);
/* What an integer of channel c stands for: scale * step[c]. */
typedef struct esp_integers {
  const esp_param *scale;
  const esp_param *step; /* of the weights of a layer whose sums they are; NULL: 1 */
  int area;              /* the values are means of so many, and the integers their sums; else 1 */
} esp_integers;
typedef struct esp_requantise_attr {
  esp_integers from;
  const esp_param *other; /* of a sum: the scale of its second operand */
  const esp_param *to;
} esp_requantise_attr;
/* Integers of another scale: (sum * m + 2^(s - 1)) >> s within [-127, 127], where m / 2^s is
 * from / to with m in [2^30, 2^31), in 64-bit integers. */
esp_status esp_graph_requantise(esp_graph *g, esp_value *x, esp_requantise_attr attr, esp_value **y,
                                esp_error *err);
/* The sum of two tensors at another scale: (a * m_a + b * m_b + 2^(s - 1)) >> s. */
esp_status esp_graph_add_integers(esp_graph *g, esp_value *a, esp_value *b,
                                  esp_requantise_attr attr, esp_value **y, esp_error *err);
/* Floats again: x times the product of scale and step, rounded to single precision once. */
esp_status esp_graph_from_integers(esp_graph *g, esp_value *x, esp_integers from, esp_value **y,
                                   esp_error *err);

/* The loss, mean over the valid images. logits (classes, 1, 1). Smoothing in [0, 1) spreads that
 * much of the target evenly over all classes. Mean squared error is against the one-hot label, mean
 * over classes too. A batch that has targets in the place of labels has this loss in any case, the
 * mean over outputs of (output - target)^2, without smoothing. */
typedef enum esp_loss_kind { ESP_LOSS_CROSS_ENTROPY, ESP_LOSS_MEAN_SQUARED } esp_loss_kind;
esp_status esp_graph_loss(esp_graph *g, esp_value *logits, esp_loss_kind kind, float smoothing,
                          esp_error *err);

/* Splits the logits among tasks, whose answers are as many as there are logits; the loss becomes
 * the weighted sum of the tasks' losses. Borrowed, unlike a graph without tasks, in which all
 * logits are those of the class. */
esp_status esp_graph_tasks(esp_graph *g, const esp_tasks *tasks, esp_error *err);
/* The tasks of a graph with a loss: those it was given, or the class alone. */
const esp_tasks *esp_graph_tasks_of(const esp_graph *g);

/* Lets another graph of the same classes teach this one in training (Hinton et al. 2015): the loss
 * becomes (1 - share) loss + share T^2 KL(teacher || own), of softmax(logits / T) both. The teacher
 * must have run forward on the same batch. NULL: no teacher. */
void esp_graph_distill(esp_graph *g, const esp_graph *teacher, float share, float temperature);
/* Lets another graph teach this one in training without labels, which are not read (Ba & Caruana
 * 2014): the loss becomes the mean, over the answers of a task, of
 *
 *     (logit - teacher's logit)^2
 *
 * The teacher must have run forward on the same batch. NULL: no teacher. */
void esp_graph_match_logits(esp_graph *g, const esp_graph *teacher);

/* Makes all memory. After it no operation can be added. */
esp_status esp_graph_plan(esp_graph *g, esp_error *err);

/* Between passes: gives the memory of activations back to the system until the next pass, where
 * that can be done (Linux). What was in them is lost; parameters and their gradients are not
 * touched. */
void esp_graph_release_activations(esp_graph *g);

/* Layers whose parameter has a mask can run kernels that know only the nonzero weights; the results
 * have the same bits. AUTO chooses by stopwatch, per layer and direction. */
typedef enum esp_sparse_mode { ESP_SPARSE_AUTO, ESP_SPARSE_ON, ESP_SPARSE_OFF } esp_sparse_mode;
void esp_graph_sparse(esp_graph *g, esp_sparse_mode mode);

/* Before planning. On: convolutions multiply every weight with every input it meets. Off, as it is
 * at first: 3x3 layers of stride 1 go by Winograd's F(4x4, 3x3), 36 products instead of 144, where
 * by their geometry and their mask that is clearly less work (outputs and channels without weights
 * not counted). The last bits differ between the two. */
void esp_graph_disable_winograd(esp_graph *g, bool on);

/* Before every forward pass `fill(with)` is called: it fills parameters that follow from others. */
void esp_graph_before(esp_graph *g, void (*fill)(void *with), void *with);

/* How the scale of a tensor of 8-bit numbers is found: its largest magnitude, the one that a
 * percentile of them does not exceed, or the one with the least squared error of rounding, becomes
 * 127; or it is 2 / sqrt(127) times the mean magnitude (Esser et al. 2020). */
typedef enum esp_calibration_rule {
  ESP_CALIBRATE_MAX,
  ESP_CALIBRATE_PERCENTILE,
  ESP_CALIBRATE_SQUARES,
  ESP_CALIBRATE_MEAN
} esp_calibration_rule;
typedef struct esp_calibration {
  esp_calibration_rule rule;
  double percentile; /* 0 to 100 */
} esp_calibration;

/* How a pass is run. */
typedef struct esp_pass {
  bool training;        /* batch statistics and dropout, or running statistics */
  esp_key dropout_key;  /* changes with every step */
  bool choose;          /* thresholds that are chosen are chosen, for the images of this pass */
  bool dense_gradients; /* backward fills the gradients of pruned weights too; else they may be 0 */
  const esp_calibration *calibration; /* the scales that esp_graph_quantise was added with are set,
                                         from the images of this pass; NULL: not */
} esp_pass;

/* What a pass found over the valid images of the batch. */
typedef struct esp_outcome {
  double loss_sum; /* sum over images */
  int count;       /* images */
  /* Of each of the first outputs: the sum over images of (output - target)^2; 0 without targets. */
  double squared[ESP_TARGETS_MAX];
} esp_outcome;

/* Runs the operations. `labels` of the batch may be NULL: then there is no loss, unless there are
 * targets, or a teacher's logits are matched. */
esp_outcome esp_graph_forward(esp_graph *g, const esp_batch *batch, esp_pass pass);
/* In place of a forward pass: the graph has the logits, [images of the batch][logits], that another
 * engine computed. */
esp_outcome esp_graph_take_logits(esp_graph *g, const esp_batch *batch, const float *logits);
/* Fills `grad` of every training parameter with d loss / d value (overwrites). After a training
 * forward. */
void esp_graph_backward(esp_graph *g);
/* Fills `grad` of every training parameter as if the loss were `factor` times the sum of all logits
 * of the batch (overwrites). After a training forward. */
void esp_graph_backward_sum(esp_graph *g, float factor);

/* What a layer did in the last pass of a graph with gradients. */
typedef struct esp_activity {
  const esp_tensor *input; /* what it read */
  /* What it wrote, behind the batch norm (and sum) and non-linearity that follow. */
  const esp_tensor *output;
  int images; /* of the batch; the lanes of others hold nothing of meaning */
} esp_activity;
/* The activity of the convolution or linear layer of that weight. */
esp_activity esp_graph_activity(const esp_graph *g, const esp_param *weight);

esp_shape esp_value_shape(const esp_value *v);
/* The value that feeds the loss; without a loss the one that was added last. */
esp_value *esp_graph_output(const esp_graph *g);
/* What an image of the last batch has in channel `c` of the value, at a row and column. */
float esp_value_at(const esp_value *v, int image, int c, int row, int column);

/* How an operation passes channels on; who removes channels must know. */
typedef enum esp_flow {
  ESP_FLOW_KEEP,   /* channel c is made of channel c of each input */
  ESP_FLOW_START,  /* the images */
  ESP_FLOW_MIX,    /* all channels of its group of the input: convolution, linear layer */
  ESP_FLOW_JOIN,   /* the channels of the first input, then those of the second */
  ESP_FLOW_SPREAD, /* pixel i of channel c becomes channel c * pixels + i */
  ESP_FLOW_PAD,    /* the channels of the input, then zeros */
  ESP_FLOW_LOOKUP, /* channel c is column c of the weight, whatever the token: embedding */
  ESP_FLOW_GATES, /* of C: channel c is made of c, c + C, c + 2 C, ... of the input, and of all that
                      the token before has left: LSTM and GRU */
  ESP_FLOW_HEADS, /* the channels of a head are made of its own in each third of the input */
  ESP_FLOW_FIXED  /* all channels together: none of input or output can be left out */
} esp_flow;

/* What an operation computes. */
typedef enum esp_operation_kind {
  ESP_OPERATION_INPUT,
  ESP_OPERATION_CONV,
  ESP_OPERATION_LINEAR,
  ESP_OPERATION_BATCHNORM, /* and the second input added, if there is one, and then ReLU if asked */
  ESP_OPERATION_ACTIVATION,
  ESP_OPERATION_CUSTOM_ACTIVATION,
  ESP_OPERATION_FATRELU,
  ESP_OPERATION_MAXPOOL,
  ESP_OPERATION_AVGPOOL, /* size 0: of the whole plane */
  ESP_OPERATION_DROPOUT,
  ESP_OPERATION_FLATTEN,
  ESP_OPERATION_RESHAPE,
  ESP_OPERATION_ADD,
  ESP_OPERATION_CONCAT,
  ESP_OPERATION_SUBSAMPLE,
  ESP_OPERATION_MEAN_ABS,
  ESP_OPERATION_TOP_K,
  ESP_OPERATION_GATE,
  ESP_OPERATION_QUANTISE, /* floats rounded to 8 bits */
  ESP_OPERATION_TO_INTEGERS,
  ESP_OPERATION_REQUANTISE,   /* integers of another scale */
  ESP_OPERATION_ADD_INTEGERS, /* the sum of both inputs at another scale */
  ESP_OPERATION_FROM_INTEGERS,
  ESP_OPERATION_EMBEDDING,
  ESP_OPERATION_POSITIONS,
  ESP_OPERATION_LAYERNORM,
  ESP_OPERATION_ATTENTION,
  ESP_OPERATION_RECURRENT,
  ESP_OPERATION_SUMMARY,
  ESP_OPERATION_PRODUCT,
  ESP_OPERATION_ROWS,
  ESP_OPERATION_KINDS
} esp_operation_kind;

/* What it was added to the graph with; which member counts follows from the kind. */
typedef union esp_operation_attr {
  esp_conv_attr conv; /* of a linear layer {{1, 1}, {0, 0}, 1} */
  esp_pool_attr pool;
  esp_activation activation;
  const esp_activation_kind *custom;
  esp_fatrelu_attr fatrelu;
  float probability; /* dropout */
  esp_reshape_attr reshape;
  esp_top_k_attr top_k;
  bool relu;  /* behind a batch norm */
  int stride; /* subsample */
  esp_requantise_attr requantise;
  esp_attention_attr attention;
  esp_recurrent_attr recurrent;
  esp_token_summary summary;
} esp_operation_attr;

/* An operation as seen from outside. */
typedef struct esp_operation {
  esp_operation_kind kind;
  esp_operation_attr attr;
  esp_flow flow;
  int input[2];        /* numbers of the operations it reads, -1 = none */
  esp_shape shape;     /* of its output */
  esp_param *param[4]; /* weight and bias, or scale, shift, mean and variance; NULL = none */
  int groups;          /* of a convolution; else 1 */
  bool keeps_zero;     /* a channel of zeros stays one: no parameters, f(0) = 0 */
  bool ranks;          /* chooses among all channels, by how many there are: none can be left out */
} esp_operation;
/* Operations are numbered in the order in which they run. */
int esp_graph_operations(const esp_graph *g);
esp_operation esp_graph_operation(const esp_graph *g, int i);

/* Multiply-adds of one image through the convolutions and linear layers, those of weights that are
 * 0 not counted when `effective`. */
double esp_graph_macs(const esp_graph *g, bool effective);

/* On: from here on each forward pass counts, for each image, the multiply-adds whose product is not
 * known to be 0 beforehand: those of weights that are not 0 with values that are not 0, for outputs
 * that no gate sets to 0. What a window reads of the padding counts as in esp_graph_macs, unless
 * the whole channel is 0: then nothing of it counts. Integers, so exact, and the same with any
 * kernels and threads. After planning. */
esp_status esp_graph_count_dynamic_macs(esp_graph *g, bool on, esp_error *err);
/* The multiply-adds of the last forward pass that counted them, [images of its batch]. */
const int64_t *esp_graph_dynamic_macs(const esp_graph *g);
/* Whether it has operations that make zeros depending on the image: gates, or ReLUs with
 * thresholds. */
bool esp_graph_conditional(const esp_graph *g);

/* Bytes of activations, gradients and scratch. */
size_t esp_graph_bytes(const esp_graph *g);

/* ---- what it chose, and what it costs ---- */

/* The passes of an operation. Without weights, "to input" is all of its backward pass. */
typedef enum esp_propagation {
  ESP_FORWARD,
  ESP_BACKWARD_DATA,    /* the gradient of the input */
  ESP_BACKWARD_WEIGHTS, /* the gradients of the parameters */
  ESP_PROPAGATIONS
} esp_propagation;
const char *esp_propagation_name(esp_propagation p); /* "forward", "to input", "to weights" */

/* Why a pass of a layer runs the kernels it does. */
typedef enum esp_kernel_reason {
  ESP_NO_MASK,
  ESP_GROUPED,     /* there are no sparse kernels for grouped convolutions */
  ESP_FORCED,      /* by esp_graph_sparse ON or OFF */
  ESP_WANTED_ALL,  /* the gradients of pruned weights are asked for too */
  ESP_TOO_DENSE,   /* to be worth a try */
  ESP_BY_WINOGRAD, /* Winograd's way, as the geometry and the density say; see
                      esp_graph_disable_winograd */
  ESP_UNMEASURED,  /* the mask is new: no pass, or not yet all trials, have been run with it */
  ESP_FASTER,      /* by stopwatch */
  ESP_KERNEL_REASONS
} esp_kernel_reason;
const char *esp_kernel_reason_text(esp_kernel_reason reason); /* "no mask", "grouped", ... */

typedef struct esp_kernel_choice {
  const esp_param *weight; /* of the layer */
  esp_propagation pass;
  double density;       /* of the mask, 1 without one */
  double dense, sparse; /* seconds of a pass when the stopwatch ran last; 0 where it did not */
  bool is_sparse;       /* the kernels that know only the nonzero weights run */
  esp_kernel_reason reason;
} esp_kernel_choice;
/* The i-th pass of a convolution or linear layer, in the order of the network, as chosen in the
 * last passes. False after the last; a graph for inference has forward passes only, the first layer
 * has none to its input. */
bool esp_graph_kernel_choice(const esp_graph *g, int i, esp_kernel_choice *choice);

/* On: times every operation from here on, from 0; costs a look at the clock per operation. Off:
 * stops, and keeps what was measured. After planning. */
esp_status esp_graph_profile(esp_graph *g, bool on, esp_error *err);

typedef struct esp_cost {
  const char *operation;            /* "conv", "batch norm", ..., "loss" */
  const esp_param *weight;          /* of a layer of the model, else NULL */
  double seconds[ESP_PROPAGATIONS]; /* since profiling was switched on */
} esp_cost;
/* What the i-th operation has cost; the last is the loss. False after the last, or if never
 * profiled. The sum is all the time that was spent in forward and backward. */
bool esp_graph_cost(const esp_graph *g, int i, esp_cost *cost);

ESP_END_DECLS

#endif
