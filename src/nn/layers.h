/* Inside src/nn: the layer language between text and graph.
 *
 *     parse.c       text -> esp_program: items in order, `repeat` written out, blocks linked
 *     arguments.c   the words of a line
 *     builder.c     what builders share: the order of items; names, parameters, layers
 *     build.c       walks the items
 *     blocks.c      group, residual, concat
 *     integers.c    quantised networks as graphs of integers
 *     quantised.c   the text of a quantised network
 *     gates.c       gate, and what it needs before the convolution whose outputs it multiplies
 *     sequences.c   the layers of sequences
 *     kinds.c       the table of layer kinds, and how each becomes operations of the graph
 *     explain.c     the language explained to a person
 *     variants.c    a text with gates behind its convolutions, or thresholds in its ReLUs */
#ifndef ESP_NN_LAYERS_H
#define ESP_NN_LAYERS_H

#include <espalier/model.h>

#include <stdio.h>

enum {
  ESP_ITEMS_MAX = 4096, /* lines of a program, repeats written out */
  ESP_DEPTH_MAX = 16,
  ESP_WIDTH_MAX = 65536, /* channels */
  ESP_LINE_MAX = 160,    /* characters of a line, needless white space not counted */
  ESP_WORD_MAX = 32,     /* characters of a NAME */
  ESP_KINDS_MAX = 48,    /* that are built in */
  ESP_GIVEN_NOT = -1     /* an optional argument that is not there */
};

typedef struct esp__builder esp__builder;

/* What the parser and the fusion of batch norm need to know about a kind. */
typedef enum esp__kind_role {
  ESP_KIND_LAYER,
  ESP_KIND_BN,
  ESP_KIND_ACTIVATION, /* another than relu */
  ESP_KIND_RELU,
  ESP_KIND_GATE,
  ESP_KIND_QUANTISE,
  ESP_KIND_SEQUENCE, /* of sequences */
  ESP_KIND_GROUP,    /* group to repeat open a block */
  ESP_KIND_RESIDUAL,
  ESP_KIND_CONCAT,
  ESP_KIND_PRODUCT,
  ESP_KIND_REPEAT, /* in no program: written out */
  ESP_KIND_SHORTCUT,
  ESP_KIND_BRANCH,
  ESP_KIND_END
} esp__kind_role;
static inline bool esp__kind_opens(esp__kind_role role) {
  return role >= ESP_KIND_GROUP && role <= ESP_KIND_REPEAT;
}

/* A kind of layer. `arguments` is what the help shows and what the parser goes by: words that must
 * come (CHANNELS, KxL, SIZE, P, COUNT, PLANES, ...), then in brackets those that may ("[stride N]",
 * "[stride N|NxM]": one number for both axes or one for rows and one for columns,
 * "[penalty X]", "[bias|nobias]", "[NAME]", or a word that is there or not, "[both]"). */
typedef struct esp__layer_kind {
  const char *keyword, *arguments, *help;
  esp__kind_role role;
  esp_activation activation;
  const esp_activation_kind *custom; /* an activation from outside; NULL: `activation` */
  bool weights;                      /* is one or several layers of the model */
  /* Adds item `i` (a block as a whole) to the graph: x in, *y out. */
  esp_status (*build)(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);
} esp__layer_kind;
/* The index of the kind whose keyword the `length` characters of `word` are; -1: there is none. */
int esp__layer_kind_index(const char *word, size_t length);
const esp__layer_kind *esp__layer_kind_at(int i); /* NULL where there is no kind `i` */
/* The kind whose keyword the `length` characters of `word` are; NULL if there is none. */
const esp__layer_kind *esp__layer_kind_find(const char *word, size_t length);

/* Explains the language to a person: its grammar, from the table of kinds, and two networks. */
void esp__layer_language_explain(FILE *out);

/* A line of a program. Arguments not given are ESP_GIVEN_NOT. */
typedef struct esp__item {
  const esp__layer_kind *kind;
  int kind_index;
  const char *text; /* the line, single spaces */
  int line;
  int channels, size, count, planes, transpose, groups, bias, bits;
  esp_pair kernel, stride, pad;
  float probability, share, density, threshold, penalty;
  bool option; /* the word in brackets is there */
  char name[ESP_WORD_MAX + 1];
  /* Links. A block's opener and parts: `next` is the following part or the end. Opener: `end`;
   * parts and end: `opener`. */
  int next, end, opener;
} esp__item;

typedef struct esp_program {
  char *label;  /* starts messages: "layers" or the architecture's name */
  char *source; /* what the items' texts point into */
  esp__item *item;
  int count, capacity;
} esp_program;

esp_status esp__program_parse(esp_program **program, const char *label, const char *text,
                              int classes, esp_error *err);
/* The program as text again, indented; newly allocated, NULL when out of memory. */
char *esp__program_text(const esp_program *p);
void esp__program_free(esp_program *p);

/* Where a message points; what `classes` stands for. */
typedef struct esp__source_line {
  const char *label;
  int line, classes;
} esp__source_line;
esp_status esp__line_fail(const esp__source_line *at, esp_error *err, const char *format, ...)
    ESP_PRINTF(3, 4);
/* Fills the arguments of an item from its text, of at most ESP_LINE_MAX characters. */
esp_status esp__line_arguments(const esp__source_line *at, esp__item *item, esp_error *err);
/* Writes a line as deep as *depth, which follows the blocks that open and end. */
void esp__line_write(FILE *out, const esp__layer_kind *kind, const char *line, int *depth);

/* Names given so far in a group. */
typedef struct esp__scope {
  char prefix[ESP_NAME_MAX]; /* "" or "layer1.0." */
  int layers[ESP_KINDS_MAX]; /* per kind that is built in */
  int blocks;                /* without a name */
} esp__scope;

/* What a gate multiplies by, and the layer that says it. */
typedef struct esp__saliency {
  esp_value *by; /* NULL: no gate is ahead */
  esp_layer layer;
} esp__saliency;

/* What a network is built of: the operations of an engine, as graph.h describes them. Another
 * engine than the graph has its own structures behind the pointers. */
typedef struct esp__target {
  esp_shape (*shape)(const esp_value *x);
  esp_status (*input)(esp_graph *g, esp_shape shape, esp_value **y, esp_error *err);
  esp_status (*conv)(esp_graph *g, esp_value *x, esp_conv_attr attr, esp_param *weight,
                     esp_param *bias, esp_value **y, esp_error *err);
  esp_status (*linear)(esp_graph *g, esp_value *x, esp_param *weight, esp_param *bias,
                       esp_value **y, esp_error *err);
  esp_status (*batchnorm)(esp_graph *g, esp_value *x, esp_bn_params params, esp_value *residual,
                          bool relu, esp_value **y, esp_error *err);
  esp_status (*activation)(esp_graph *g, esp_value *x, esp_activation kind, esp_value **y,
                           esp_error *err);
  esp_status (*custom_activation)(esp_graph *g, esp_value *x, const esp_activation_kind *kind,
                                  esp_value **y, esp_error *err);
  esp_status (*maxpool)(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                        esp_error *err);
  esp_status (*avgpool)(esp_graph *g, esp_value *x, esp_pool_attr attr, esp_value **y,
                        esp_error *err);
  esp_status (*global_avgpool)(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);
  esp_status (*dropout)(esp_graph *g, esp_value *x, float probability, esp_value **y,
                        esp_error *err);
  esp_status (*flatten)(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);
  esp_status (*reshape)(esp_graph *g, esp_value *x, esp_reshape_attr attr, esp_value **y,
                        esp_error *err);
  esp_status (*add)(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err);
  esp_status (*concat)(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err);
  esp_status (*subsample)(esp_graph *g, esp_value *x, int channels, int stride, esp_value **y,
                          esp_error *err);
  esp_status (*mean_abs)(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);
  esp_status (*top_k)(esp_graph *g, esp_value *x, esp_top_k_attr attr, esp_value **y,
                      esp_error *err);
  esp_status (*gate)(esp_graph *g, esp_value *x, esp_value *by, esp_value **y, esp_error *err);
  esp_status (*fatrelu)(esp_graph *g, esp_value *x, esp_fatrelu_attr attr, esp_value **y,
                        esp_error *err);
  esp_status (*embedding)(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                          esp_error *err);
  esp_status (*positions)(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                          esp_error *err);
  esp_status (*layernorm)(esp_graph *g, esp_value *x, esp_param *scale, esp_param *shift,
                          esp_value **y, esp_error *err);
  esp_status (*attention)(esp_graph *g, esp_value *x, esp_attention_attr attr, esp_value **y,
                          esp_error *err);
  esp_status (*recurrent)(esp_graph *g, esp_value *x, esp_recurrent_attr attr, esp_param *weight,
                          esp_param *bias, esp_value **y, esp_error *err);
  esp_status (*summary)(esp_graph *g, esp_value *x, esp_token_summary kind, esp_value **y,
                        esp_error *err);
  esp_status (*product)(esp_graph *g, esp_value *a, esp_value *b, esp_value **y, esp_error *err);
  esp_status (*rows)(esp_graph *g, esp_value *x, esp_value **y, esp_error *err);
  esp_status (*quantise)(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                         esp_error *err); /* NULL: the engine has no 8-bit numbers */
  /* Of graphs of integers; NULL where the engine builds none. */
  esp_status (*to_integers)(esp_graph *g, esp_value *x, esp_param *scale, esp_value **y,
                            esp_error *err);
  esp_status (*requantise)(esp_graph *g, esp_value *x, esp_requantise_attr attr, esp_value **y,
                           esp_error *err);
  esp_status (*add_integers)(esp_graph *g, esp_value *a, esp_value *b, esp_requantise_attr attr,
                             esp_value **y, esp_error *err);
  esp_status (*from_integers)(esp_graph *g, esp_value *x, esp_integers from, esp_value **y,
                              esp_error *err);
} esp__target;

/* What a value's integers stand for. */
typedef struct esp__noted {
  const esp_value *value;
  esp_integers what;
} esp__noted;

struct esp__builder {
  esp_model *model;
  const esp_program *program;
  const esp__target *target;
  esp_graph *graph;
  bool make; /* parameters and layers are made; else the model has them */
  esp__scope scope;
  int scaled; /* the bn whose scale and shift belong to the model's last layer */
  int done;   /* a relu that the batch norm or residual before it has done */
  esp_bn_params
      held; /* a batch norm at the end of a residual's branch, left to the residual to add */
  esp__saliency gate; /* ahead */
  bool integer;       /* a graph that computes with integers (integers.h) */
  esp__noted *noted;
  int noted_count;
  bool located; /* the error names its line already */
};

/* ---- builder.c ---- */

static inline const esp__item *esp__item_at(const esp__builder *b, int i) {
  return &b->program->item[i];
}
/* Whether there is an item `i`, of that role. */
bool esp__builder_is(const esp__builder *b, int i, esp__kind_role role);
/* The next item in the order of computation: groups only name. The program's count after the
 * last. */
int esp__builder_next(const esp__builder *b, int i);
/* Starts the message in `err` with the line of item `i`, unless it has one. */
esp_status esp__builder_locate(esp__builder *b, int i, esp_status status, esp_error *err);
/* The name of item `i`, a layer: "layer1.0.conv2". Counts it. */
esp_status esp__builder_name(esp__builder *b, int i, char name[ESP_NAME_MAX], esp_error *err);
/* The parameter "<layer>.<what>": made, or found in the model. */
esp_status esp__builder_param(esp__builder *b, const char *layer, const char *what, esp_role role,
                              int rank, const int *shape, esp_param **param, esp_error *err);
/* Adds a layer to the model, unless it has its layers. */
esp_status esp__builder_record(esp__builder *b, const esp_layer *layer, esp_error *err);

/* ---- shape.c ---- */

/* Whether images may be so large. */
bool esp__shape_fits(esp_shape s);

/* ---- build.c ---- */

/* Adds items [from, to) to the graph one after another: x in, *y out. Each is added by the function
 * of its kind, which for a block calls this in turn. */
esp_status esp__build_items(esp__builder *b, int from, int to, esp_value *x, esp_value **y,
                            esp_error *err);
/* What a network is built for: to make the parameters and layers of a model; to compute with those
 * that it has; with the integers that they stand for, in the graph (integers.h). */
typedef enum esp__build_mode { ESP_BUILD_USE, ESP_BUILD_MAKE, ESP_BUILD_INTEGERS } esp__build_mode;
/* Makes the network of model->program in `graph`, of what the target has; where it ends is not
 * looked at. */
esp_status esp__build_layers(esp_model *model, const esp__target *target, esp_graph *graph,
                             esp__build_mode mode, esp_value **y, esp_error *err);
/* The same, and sees that it ends with a number for each answer of the model's tasks. */
esp_status esp__build(esp_model *model, const esp__target *target, esp_graph *graph,
                      esp__build_mode mode, esp_value **logits, esp_error *err);

/* ---- gates.c ---- */

/* The layer `i`, about to be built, reads x and makes `channels` channels: if a gate
 * follows it, what predicts them is added to the graph. */
esp_status esp__build_saliency(esp__builder *b, int i, esp_value *x, int channels, esp_error *err);
esp_status esp__build_gate(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);

/* ---- blocks.c ---- */

esp_status esp__build_group(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);
esp_status esp__build_residual(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);
esp_status esp__build_concat(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);
esp_status esp__build_product(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);

#endif
