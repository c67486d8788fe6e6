/* A model: a network written in the layer language, and its parameters.
 *
 * The layer language is one line a layer; the built-in architectures are written in it too
 * (`espalier list models` prints them):
 *
 *     conv 64 3x3 [stride 2] [pad 0] [groups 4] [bias|nobias]
 *     depthwise 3x3 [stride 2] [pad 1] [bias|nobias]
 *     linear 10 [bias|nobias]                     on 1x1 planes: flatten first
 *     bn | relu | relu6 | leaky_relu | tanh | sigmoid | gelu | global_avgpool | flatten
 *     gate 0.5 [penalty 0.01]                     behind conv or depthwise, bn, relu, ...
 *     fatrelu 0.1 | share_relu 0.8                ReLU with a threshold, given or for a share of 0
 *     maxpool 2 [stride 2] [pad 0]                and avgpool; stride is the size unless given
 *     dropout 0.5
 *     reshape 28 [transpose 15]                   values cut into other channels, one after another
 *     residual [NAME] ... [shortcut ...] end      adds both branches (no shortcut: the input)
 *     concat [NAME] ... branch ... end            joins two or more branches along channels
 *     quantise                                    8-bit numbers; conv ... bits 8, linear ... bits 8
 *     subsample 32 [stride 2]                     shortcut without weights (He et al. 2016, A)
 *     embedding 64                                first, of a text: 64 numbers for each token
 *     positions | layernorm                       learned places; normalised over channels
 *     attention 4 [causal]                        of 3 x channels: queries, keys and values
 *     lstm 64 [both] | gru 64 [both]              recurrent, and also from the end
 *     token_mean | token_max | token_last         one token for a sequence
 *     rows                                        each row becomes a token
 *     product [NAME] ... branch ... end           multiplies its branches
 *     group [NAME] ... end                        only prefixes the names within
 *     repeat N ... end                            the lines within, N times
 *
 * Padding is k/2 unless given. conv, depthwise and linear have a bias unless a bn follows directly.
 * An empty shortcut or branch is the input itself. `#` starts a comment. `classes` may stand for
 * the data set's number of classes: `linear classes`.
 *
 * Layers are named by kind and number within their group, from 1: conv1, bn1, conv2. residual,
 * concat, product and group without a NAME are named by their number within theirs, from 0. The
 * second branch of a residual is the group "shortcut", those of a concat or product are "branch1",
 * "branch2". So the parameters of a network are called "layer1.0.conv1.weight", ".bias",
 * "layer1.0.bn1.scale", ".shift", ".mean", ".var", "layer2.0.shortcut.conv1.weight". lstm and gru
 * are two layers: "lstm1.ih.weight" reads the input, "lstm1.hh.weight" what the token before left;
 * from the end "lstm1.reverse.ih.weight". */
#ifndef ESP_MODEL_H
#define ESP_MODEL_H

#include <espalier/graph.h>
#include <espalier/linkage.h>
#include <espalier/option.h>
#include <espalier/param.h>
#include <espalier/status.h>

ESP_BEGIN_DECLS

/* [model] */
typedef struct esp_model_options {
  char *arch;         /* a built-in name, or "custom" */
  char *input;        /* "3x32x32", "" = as the data set */
  char *layers;       /* the layer language, for custom */
  char *weights;      /* file or run directory to start from, "" = fresh */
  char *weight_names; /* file with the names that its tensors have there, "" = the network's */
  char *weights_skip; /* words: layers that do not take theirs from there; NULL = "" */
  char *shortcut;     /* resnet: "projection" or "identity" */
  esp_numbers hidden; /* mlp: sizes of the hidden layers */
  char *init;         /* how weights are drawn; NULL = the first of the table */
  double init_scale;  /* of those ways that have a size of their own; 0 for the others */
  char *convolution;  /* "auto" or "direct" (esp_graph_disable_winograd); NULL = auto */
  double width;       /* what the channels of all layers are multiplied by */
  double gate_density,
      gate_penalty; /* of gates put behind convolutions with batch norm; density 0 = none */
  double relu_threshold,
      relu_zeros; /* what every ReLU becomes: a threshold, or a share of zeros; 0 = as is */
} esp_model_options;
extern const esp_option esp_model_option_table[];
/* Puts the keys that change a network's text to their defaults: the text is to be built as it
 * is. */
void esp_model_options_literal(esp_model_options *opt);

/* A convolution or linear layer and what belongs to its output channels. Any of bias, scale, shift
 * may be NULL. */
typedef struct esp_layer {
  char name[ESP_NAME_MAX]; /* "layer1.0.conv1" */
  esp_param *weight, *bias, *scale, *shift;
  esp_param *step; /* of a layer with `bits`: for each output what an integer stands for */
  int groups;      /* of the convolution; 1 for linear */
  int item;        /* its line among the program's items; one of LSTM and GRU has several layers */
  int units;       /* of the LSTM or GRU whose gates its outputs are; else 0 */
} esp_layer;

/* A group, residual or concat. */
typedef struct esp_block {
  char prefix[ESP_NAME_MAX]; /* of the names within: "layer1.0." */
  int item;                  /* its line among the program's items */
  bool optional; /* a residual that is the identity once its last layer gives 0: x + branch(x), one
                   shape */
} esp_block;

typedef struct esp_model {
  char *text; /* the layer language, every `repeat` written out; parses to the same model */
  esp_shape input;
  int classes;     /* of the data; the answers of the first task */
  esp_tasks tasks; /* its own */
  esp_params params;
  const struct esp__initial *initial; /* how its weights are drawn */
  double init_scale;
  bool direct;      /* its graphs do not use Winograd's convolution */
  esp_layer *layer; /* in the order of the network */
  int layers;
  esp_block *block; /* in the order in which they begin */
  int blocks;
  struct esp_program *program; /* the text, parsed */
  /* Of a quantised network: its layers' integers, for graphs for inference. */
  struct esp_twin *twin; /* [layers], NULL: not made yet */
  esp_params twin_params;
  bool simulated; /* graphs for inference round floats, as those for training do */
} esp_model;

/* The kinds of layers, by index: the keyword (NULL after the last), what follows it ("" for
 * nothing), one line of help. */
const char *esp_layer_keyword(size_t i);
const char *esp_layer_arguments(size_t i);
const char *esp_layer_help(size_t i);

/* "3x32x32" as channels, height, width; "1x1x24:5000" of tokens with a vocabulary of 5000. */
esp_status esp_shape_parse(const char *text, esp_shape *shape, esp_error *err);
/* The same text of a shape. */
enum { ESP_SHAPE_TEXT = 64 };
void esp_shape_write(esp_shape shape, char text[ESP_SHAPE_TEXT]);

/* The text of opt->arch for that input and number of classes, newly allocated in *text: one of the
 * built-ins, or one of a family such as resnet<D> of any size that fits, or for "custom"
 * opt->layers; opt->width times as wide. */
esp_status esp_arch_text(const esp_model_options *opt, esp_shape input, int classes, char **text,
                         esp_error *err);
/* Ways to draw initial weights, by index; NULL after the last. */
const char *esp_initial_name(size_t i);
const char *esp_initial_help(size_t i);
/* Names and one-line descriptions of the built-ins, by index; NULL after the last. */
const char *esp_arch_name(size_t i);
const char *esp_arch_help(size_t i);

/* Parses the options into a model with initialised parameters: convolution and linear weights as
 * opt->init says, biases 0, BN scale 1, shift 0, running mean
 * 0 and variance 1. Key: a function of seed, parameter name and index, so that a layer's weights do
 * not depend on its neighbours. `input` is the data set's; opt->input, when given, must agree.
 * Errors start with the line, "layers:3: " or "resnet20:3: ". Does not load opt->weights. */
esp_status esp_model_new(esp_model **model, const esp_model_options *opt, esp_shape input,
                         int classes, esp_key seed, esp_error *err);
/* A model as esp_model_new makes it, with several tasks: the last line of the text,
 * `linear classes`, becomes a head for each, in a concat named heads, such as
 * "heads.branch1.class.linear1". A text that ends otherwise must have as many outputs as the tasks
 * have answers. */
esp_status esp_model_new_tasks(esp_model **model, const esp_model_options *opt, esp_shape input,
                               const esp_tasks *tasks, esp_key seed, esp_error *err);
void esp_model_free(esp_model *model);

/* The model's text with other widths and fewer blocks, newly allocated in *text. `width` has the
 * output channels of every conv, depthwise, linear, subsample, embedding, lstm and gru line, and
 * the heads of every attention, in order (NULL: as they are); of a grouped convolution only one
 * with as many groups as channels may change. drop[b] leaves block b out (NULL: none); where one
 * is, names and biases are written out, so that the parameters that stay keep their names. */
esp_status esp_model_rewrite(const esp_model *model, const int *width, const bool *drop,
                             char **text, esp_error *err);

/* The model's text without batch norms, every layer with `bits` (8, 4 or 2), and `quantise` where
 * tensors become 8-bit numbers; newly allocated in *text. Layers keep their names. Fails on what
 * has no such form: a batch norm that follows no layer, a non-linearity but relu, gates, tasks. */
esp_status esp_model_quantised_text(const esp_model *model, int bits, char **text, esp_error *err);
/* Fails where a sum of integers is so large that the graph could not hold it, or a weight is more
 * than its bits can be, or a scale is below 0. Nothing where no
 * graph for inference was made, or the network is not quantised. */
esp_status esp_model_check_integers(esp_model *model, esp_error *err);
/* The model's text with other lines in the place of a layer's line, newly allocated in *text.
 * lines[i], for layer i, has one or more lines of the layer language (NULL: it stays). The layers
 * behind may get other names. */
esp_status esp_model_replace_layers(const esp_model *model, const char *const *lines, char **text,
                                    esp_error *err);
/* A model of the same input, tasks and arithmetic with the layers in `text`; its parameters have
 * the initial values of that seed. */
esp_status esp_model_like(const esp_model *like, const char *text, esp_key seed, esp_model **model,
                          esp_error *err);

/* Draws all parameters anew, as esp_model_new does, and clears momentum. Masks stay: masked weights
 * become 0 (a shadow, being dense, gets what was drawn). Moving averages start from the new
 * values. */
void esp_model_initialise(esp_model *model, esp_key seed);

/* The layer that has this weight, or of which a graph of integers has it; NULL when there is
 * none. */
const esp_layer *esp_model_layer(const esp_model *model, const esp_param *weight);
/* The standard deviation that the weights of a layer are drawn with; of a gate it is a tenth of
 * what it is of others. */
double esp_layer_deviation(const esp_model *model, const esp_layer *layer);

/* The model's graph for a batch size, planned, with a loss at its end. */
typedef struct esp_loss_attr {
  esp_loss_kind kind;
  float smoothing;
} esp_loss_attr;
esp_status esp_model_graph(esp_model *model, int batch, bool gradients, esp_loss_attr loss,
                           esp_graph **graph, esp_error *err);

ESP_END_DECLS

#endif
