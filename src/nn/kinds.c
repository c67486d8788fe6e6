/* The kinds of layers: how each becomes operations, and the table of all of them. */
#include "nn/integers.h"
#include "nn/sequences.h"

#include <stdlib.h>
#include <string.h>

/* Layer `i`; a bn that follows directly belongs to it. */
static esp_status record_layer(esp__builder *b, int i, esp_layer *layer, esp_error *err) {
  layer->item = i;
  ESP_TRY(esp__builder_record(b, layer, err));
  if (b->make) b->scaled = esp__builder_next(b, i);
  return ESP_OK;
}

/* A bias, unless `nobias`, or unless it would only move the mean that a following batch norm
 * subtracts. */
static esp_status make_bias(esp__builder *b, int i, esp_layer *layer, int channels,
                            esp_error *err) {
  int asked = esp__item_at(b, i)->bias;
  bool normed = esp__builder_is(b, esp__builder_next(b, i), ESP_KIND_BN);
  if (asked == ESP_GIVEN_NOT ? normed : !asked) return ESP_OK;
  return esp__builder_param(b, layer->name, "bias", ESP_ROLE_BIAS, 1, &channels, &layer->bias, err);
}

/* What an integer of each output stands for, in a layer with `bits`. */
static esp_status make_step(esp__builder *b, int i, esp_layer *layer, int channels,
                            esp_error *err) {
  const int bits = esp__item_at(b, i)->bits;
  if (bits == ESP_GIVEN_NOT) return ESP_OK;
  return esp__builder_param(b, layer->name, "scale", ESP_ROLE_RUNNING, 1, &channels, &layer->step,
                            err);
}

/* The layer's weights, which stand behind their steps, and its bias. */
static esp_status make_params(esp__builder *b, int i, esp_layer *layer, esp_role role, int rank,
                              const int *shape, esp_error *err) {
  ESP_TRY(make_step(b, i, layer, shape[0], err));
  ESP_TRY(esp__builder_param(b, layer->name, "weight", role, rank, shape, &layer->weight, err));
  layer->weight->step = layer->step;
  layer->weight->levels = layer->step ? (1 << (esp__item_at(b, i)->bits - 1)) - 1 : 0;
  return make_bias(b, i, layer, shape[0], err);
}

/* The parameters that the operation gets, and what its sums stand for. */
typedef struct operands {
  esp_param *weight, *bias;
  esp_integers sums;
} operands;

static esp_status choose_operands(esp__builder *b, const esp_layer *layer, const esp_value *x,
                                  operands *o, esp_error *err) {
  esp__twin *twin;
  *o = (operands){layer->weight, layer->bias, {0}};
  if (!b->integer) return ESP_OK;
  ESP_TRY(esp__integers_layer(b, layer, x, &twin, err));
  *o = (operands){twin->weight, twin->bias, {twin->input, layer->step, 1}};
  return ESP_OK;
}

static esp_status note_sums(esp__builder *b, const operands *o, const esp_value *y,
                            esp_error *err) {
  return b->integer ? esp__integers_note(b, y, o->sums, err) : ESP_OK;
}

static esp_status add_conv(esp__builder *b, int i, esp_value *x, int channels, int groups,
                           esp_value **y, esp_error *err) {
  const esp__item *item = esp__item_at(b, i);
  int in = b->target->shape(x).channels;
  if (in % groups || channels % groups)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "groups %d must divide the channels, here %d into the convolution and %d out of it", groups,
        in, channels);
  int shape[4] = {channels, in / groups, item->kernel.rows, item->kernel.columns};
  esp_layer layer = {.groups = groups};
  ESP_TRY(esp__build_saliency(b, i, x, channels, err));
  ESP_TRY(esp__builder_name(b, i, layer.name, err));
  ESP_TRY(make_params(b, i, &layer, ESP_ROLE_CONV_WEIGHT, 4, shape, err));
  operands o;
  ESP_TRY(choose_operands(b, &layer, x, &o, err));
  esp_conv_attr attr = {.stride = item->stride, .padding = item->pad, .groups = groups};
  ESP_TRY(b->target->conv(b->graph, x, attr, o.weight, o.bias, y, err));
  layer.weight->positions = b->target->shape(*y).height * b->target->shape(*y).width;
  ESP_TRY(note_sums(b, &o, *y, err));
  return record_layer(b, i, &layer, err);
}

static esp_status build_conv(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  return add_conv(b, i, x, esp__item_at(b, i)->channels, esp__item_at(b, i)->groups, y, err);
}

static esp_status build_depthwise(esp__builder *b, int i, esp_value *x, esp_value **y,
                                  esp_error *err) {
  int channels = b->target->shape(x).channels;
  return add_conv(b, i, x, channels, channels, y, err);
}

static esp_status build_linear(esp__builder *b, int i, esp_value *x, esp_value **y,
                               esp_error *err) {
  esp_shape in = b->target->shape(x);
  int channels = esp__item_at(b, i)->channels, shape[2] = {channels, in.channels};
  if (in.height != 1 || in.width != 1)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "linear needs an input of 1x1 pixels but gets %dx%dx%d; put 'flatten' before it",
        in.channels, in.height, in.width);
  esp_layer layer = {.groups = 1};
  ESP_TRY(esp__builder_name(b, i, layer.name, err));
  ESP_TRY(make_params(b, i, &layer, ESP_ROLE_LINEAR_WEIGHT, 2, shape, err));
  layer.weight->positions = 1;
  operands o;
  ESP_TRY(choose_operands(b, &layer, x, &o, err));
  ESP_TRY(b->target->linear(b->graph, x, o.weight, o.bias, y, err));
  ESP_TRY(note_sums(b, &o, *y, err));
  return record_layer(b, i, &layer, err);
}

static esp_status bn_params(esp__builder *b, int i, int channels, esp_bn_params *bn,
                            esp_error *err) {
  char name[ESP_NAME_MAX];
  ESP_TRY(esp__builder_name(b, i, name, err));
  ESP_TRY(esp__builder_param(b, name, "scale", ESP_ROLE_BN_SCALE, 1, &channels, &bn->scale, err));
  ESP_TRY(esp__builder_param(b, name, "shift", ESP_ROLE_BN_SHIFT, 1, &channels, &bn->shift, err));
  ESP_TRY(esp__builder_param(b, name, "mean", ESP_ROLE_RUNNING, 1, &channels, &bn->mean, err));
  return esp__builder_param(b, name, "var", ESP_ROLE_RUNNING, 1, &channels, &bn->var, err);
}

/* Whether item `i` ends the first branch of a residual that a relu follows. */
static bool ends_branch_before_relu(const esp__builder *b, int i) {
  if (!esp__builder_is(b, i, ESP_KIND_SHORTCUT) && !esp__builder_is(b, i, ESP_KIND_END))
    return false;
  const esp__item *opener = esp__item_at(b, esp__item_at(b, i)->opener);
  return opener->kind->role == ESP_KIND_RESIDUAL && opener->next == i &&
         esp__builder_is(b, esp__builder_next(b, opener->end), ESP_KIND_RELU);
}

/* Batch norm `i`, together with a following relu; or held for the residual whose branch it ends. */
static esp_status build_batchnorm(esp__builder *b, int i, esp_value *x, esp_value **y,
                                  esp_error *err) {
  esp_bn_params bn = {0};
  ESP_TRY(bn_params(b, i, b->target->shape(x).channels, &bn, err));
  if (b->make && b->scaled == i) {
    esp_layer *layer = &b->model->layer[b->model->layers - 1];
    layer->scale = bn.scale;
    layer->shift = bn.shift;
  }
  int next = esp__builder_next(b, i);
  if (ends_branch_before_relu(b, next)) {
    b->held = bn;
    *y = x;
    return ESP_OK;
  }
  bool relu = esp__builder_is(b, next, ESP_KIND_RELU);
  if (relu) b->done = next;
  return b->target->batchnorm(b->graph, x, bn, NULL, relu, y, err);
}

static esp_status build_activation(esp__builder *b, int i, esp_value *x, esp_value **y,
                                   esp_error *err) {
  return b->target->activation(b->graph, x, esp__item_at(b, i)->kind->activation, y, err);
}

static esp_status build_custom(esp__builder *b, int i, esp_value *x, esp_value **y,
                               esp_error *err) {
  return b->target->custom_activation(b->graph, x, esp__item_at(b, i)->kind->custom, y, err);
}

static esp_status build_fatrelu(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return b->target->fatrelu(b->graph, x,
                            (esp_fatrelu_attr){.threshold = esp__item_at(b, i)->threshold}, y, err);
}

static esp_status build_share_relu(esp__builder *b, int i, esp_value *x, esp_value **y,
                                   esp_error *err) {
  char name[ESP_NAME_MAX];
  esp_fatrelu_attr attr = {.share = esp__item_at(b, i)->share};
  ESP_TRY(esp__builder_name(b, i, name, err));
  ESP_TRY(
      esp__builder_param(b, name, "threshold", ESP_ROLE_RUNNING, 1, (int[]){1}, &attr.chosen, err));
  return b->target->fatrelu(b->graph, x, attr, y, err);
}

static esp_pool_attr pool_attr(const esp__item *item) {
  return (esp_pool_attr){
      .size = item->size, .stride = item->stride.rows, .padding = item->pad.rows};
}

static esp_status build_maxpool(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return b->target->maxpool(b->graph, x, pool_attr(esp__item_at(b, i)), y, err);
}

static esp_status build_avgpool(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  const int size = esp__item_at(b, i)->size;
  ESP_TRY(b->target->avgpool(b->graph, x, pool_attr(esp__item_at(b, i)), y, err));
  return esp__integers_mean(b, x, *y, size * size, err);
}

static esp_status build_global_avgpool(esp__builder *b, int i, esp_value *x, esp_value **y,
                                       esp_error *err) {
  (void)i;
  const esp_shape in = b->target->shape(x);
  ESP_TRY(b->target->global_avgpool(b->graph, x, y, err));
  return esp__integers_mean(b, x, *y, in.height * in.width, err);
}

static esp_status build_dropout(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return b->target->dropout(b->graph, x, esp__item_at(b, i)->probability, y, err);
}

static esp_status build_flatten(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  (void)i;
  return b->target->flatten(b->graph, x, y, err);
}

static esp_status build_reshape(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  const esp__item *item = esp__item_at(b, i);
  return b->target->reshape(b->graph, x, (esp_reshape_attr){item->planes, item->transpose}, y, err);
}

static esp_status build_subsample(esp__builder *b, int i, esp_value *x, esp_value **y,
                                  esp_error *err) {
  const esp__item *item = esp__item_at(b, i);
  return b->target->subsample(b->graph, x, item->channels, item->stride.rows, y, err);
}

static esp_status build_quantise(esp__builder *b, int i, esp_value *x, esp_value **y,
                                 esp_error *err) {
  char name[ESP_NAME_MAX];
  esp_param *scale;
  ESP_TRY(esp__builder_name(b, i, name, err));
  ESP_TRY(esp__builder_param(b, name, "scale", ESP_ROLE_RUNNING, 1, (int[]){1}, &scale, err));
  if (b->integer) return esp__integers_quantise(b, x, scale, y, err);
  if (b->target->quantise) return b->target->quantise(b->graph, x, scale, y, err);
  return esp_fail(err, ESP_ERR_INPUT, "this engine has no 8-bit numbers; expected no 'quantise'");
}

#define SEQUENCE(name, words, text, function)                                     \
  {                                                                               \
    .keyword = name, .arguments = words, .help = text, .role = ESP_KIND_SEQUENCE, \
    .build = function                                                             \
  }
#define ACTIVATION(name, kind, what, text)                                            \
  {                                                                                   \
    .keyword = name, .arguments = "", .help = text, .role = what, .activation = kind, \
    .build = build_activation                                                         \
  }

/* The first three words of an entry are the keyword, the arguments (layers.h says how they are
 * read) and the help. */
static const esp__layer_kind kind_table[] = {
    {"conv", "CHANNELS KxL [stride N|NxM] [pad N|NxM] [groups N] [bias|nobias] [bits N]",
     "convolution; pad is K/2 x L/2 unless given, and it has a bias unless bn follows",
     .weights = true, .build = build_conv},
    {"depthwise", "KxL [stride N|NxM] [pad N|NxM] [bias|nobias] [bits N]",
     "convolution of each channel by itself", .weights = true, .build = build_depthwise},
    {"linear", "CHANNELS [bias|nobias] [bits N]", "fully connected layer, after flatten",
     .weights = true, .build = build_linear},
    {"bn", "", "batch normalisation (Ioffe & Szegedy 2015)", .role = ESP_KIND_BN,
     .build = build_batchnorm},
    ACTIVATION("relu", ESP_ACT_RELU, ESP_KIND_RELU, "max(0, x)"),
    ACTIVATION("relu6", ESP_ACT_RELU6, ESP_KIND_ACTIVATION, "min(max(0, x), 6)"),
    ACTIVATION("leaky_relu", ESP_ACT_LEAKY_RELU, ESP_KIND_ACTIVATION, "x above zero, 0.01 x below"),
    ACTIVATION("tanh", ESP_ACT_TANH, ESP_KIND_ACTIVATION, "hyperbolic tangent"),
    ACTIVATION("sigmoid", ESP_ACT_SIGMOID, ESP_KIND_ACTIVATION, "1 / (1 + exp(-x))"),
    ACTIVATION("gelu", ESP_ACT_GELU, ESP_KIND_ACTIVATION,
               "x Phi(x), tanh form (Hendrycks & Gimpel 2016)"),
    {"fatrelu", "THRESHOLD", "x above the threshold, else 0 (FATReLU, Kurtz et al. 2020)",
     .role = ESP_KIND_ACTIVATION, .build = build_fatrelu},
    {"share_relu", "SHARE",
     "fatrelu; the threshold is chosen when a stage of training ends, "
     "so that SHARE of the values are 0",
     .role = ESP_KIND_ACTIVATION, .build = build_share_relu},
    {"gate", "DENSITY [penalty X]",
     "keeps, and scales, DENSITY of the channels of each image: "
     "those that a small layer predicts to matter from what the convolution reads (feature "
     "boosting and suppression, Gao et al. 2019)",
     .role = ESP_KIND_GATE, .weights = true, .build = esp__build_gate},
    {"quantise", "",
     "numbers of 8 bits, with one scale; in training floats that are rounded. "
     "Layers with bits 8, 4 "
     "or 2 have integers as weights. Written by the step quantise of [compress]",
     .role = ESP_KIND_QUANTISE, .build = build_quantise},
    {"maxpool", "SIZE [stride N] [pad N]",
     "maximum of SIZE x SIZE pixels; stride is SIZE unless given", .build = build_maxpool},
    {"avgpool", "SIZE [stride N] [pad N]",
     "mean of SIZE x SIZE pixels; stride is SIZE unless given", .build = build_avgpool},
    {"global_avgpool", "", "mean of each channel", .build = build_global_avgpool},
    {"dropout", "P", "in training, zero each value with probability P", .build = build_dropout},
    {"flatten", "", "all channels and pixels in one row", .build = build_flatten},
    {"reshape", "PLANES [transpose N]",
     "all values in one row, cut into PLANES channels of height 1; transpose: before that they are "
     "a matrix of N rows, which is transposed. Between 1x1 convolutions it makes a tensor train "
     "(Novikov et al. 2015)",
     .build = build_reshape},
    {"subsample", "CHANNELS [stride N]",
     "every N-th pixel, zero channels added up to CHANNELS: "
     "the shortcut without weights (He et al. 2016)",
     .build = build_subsample},
    {"embedding", "CHANNELS", "CHANNELS numbers for each token of a text, the first layer of it",
     .role = ESP_KIND_SEQUENCE, .weights = true, .build = esp__build_embedding},
    SEQUENCE("positions", "", "adds what is learned of each place in a sequence",
             esp__build_positions),
    SEQUENCE("layernorm", "",
             "layer normalisation over the channels of each pixel (Ba et al. 2016)",
             esp__build_layernorm),
    SEQUENCE("attention", "HEADS [causal]",
             "attention of several heads (Vaswani et al. 2017), from channels that are queries, "
             "keys and values, a third each; causal: of the tokens before only",
             esp__build_attention),
    {"lstm", "CHANNELS [both]",
     "long short-term memory (Hochreiter & Schmidhuber 1997), token by token; "
     "both: beside one that begins at the end",
     .role = ESP_KIND_SEQUENCE, .weights = true, .build = esp__build_lstm},
    {"gru", "CHANNELS [both]", "gated recurrent unit (Cho et al. 2014); both: as of lstm",
     .role = ESP_KIND_SEQUENCE, .weights = true, .build = esp__build_gru},
    SEQUENCE("token_mean", "", "mean of the tokens of a sequence, padding left out",
             esp__build_token_mean),
    SEQUENCE("token_max", "", "the largest value of each channel among the tokens",
             esp__build_token_max),
    SEQUENCE("token_last", "", "the last token of a sequence", esp__build_token_last),
    SEQUENCE("rows", "", "each row of pixels becomes a token of a sequence", esp__build_rows),
    {"group", "[NAME]", "prefixes the names of the layers up to its end", .role = ESP_KIND_GROUP,
     .build = esp__build_group},
    {"residual", "[NAME]",
     "adds the layers up to `shortcut` or end, and the shortcut or the input itself",
     .role = ESP_KIND_RESIDUAL, .build = esp__build_residual},
    {"concat", "[NAME]", "joins its branches along the channels", .role = ESP_KIND_CONCAT,
     .build = esp__build_concat},
    {"product", "[NAME]", "multiplies its branches, value by value", .role = ESP_KIND_PRODUCT,
     .build = esp__build_product},
    {"repeat", "COUNT", "the layers up to its end, COUNT times", .role = ESP_KIND_REPEAT},
    {"shortcut", "", "begins the second branch of a residual", .role = ESP_KIND_SHORTCUT},
    {"branch", "", "begins the next branch of a concat or product", .role = ESP_KIND_BRANCH},
    {"end", "", "ends group, residual, concat, product, repeat", .role = ESP_KIND_END},
};
enum { KINDS = sizeof kind_table / sizeof *kind_table };
_Static_assert((int)KINDS <= (int)ESP_KINDS_MAX, "esp__scope counts layers of ESP_KINDS_MAX kinds");

/* The kinds from outside come behind those of the table. */
static esp__layer_kind custom_kinds[ESP_ACTIVATION_KINDS_MAX];
static int customs;

const esp__layer_kind *esp__layer_kind_at(int i) {
  if (i < 0 || i >= KINDS + customs) return NULL;
  return i < KINDS ? &kind_table[i] : &custom_kinds[i - KINDS];
}

int esp__layer_kind_index(const char *word, size_t length) {
  const esp__layer_kind *kind;
  for (int i = 0; (kind = esp__layer_kind_at(i)); i++)
    if (strlen(kind->keyword) == length && memcmp(kind->keyword, word, length) == 0) return i;
  return -1;
}

const esp__layer_kind *esp__layer_kind_find(const char *word, size_t length) {
  return esp__layer_kind_at(esp__layer_kind_index(word, length));
}

const char *esp_layer_keyword(size_t i) {
  const esp__layer_kind *kind = esp__layer_kind_at((int)i);
  return kind ? kind->keyword : NULL;
}
const char *esp_layer_arguments(size_t i) {
  const esp__layer_kind *kind = esp__layer_kind_at((int)i);
  return kind ? kind->arguments : NULL;
}
const char *esp_layer_help(size_t i) {
  const esp__layer_kind *kind = esp__layer_kind_at((int)i);
  return kind ? kind->help : NULL;
}

/* ---- activations from outside ---- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_keyword(const char *name) {
  size_t length = 0;
  if (!name || !is_letter(*name)) return false;
  while (is_letter(name[length]) || (name[length] >= '0' && name[length] <= '9') ||
         name[length] == '_')
    length++;
  return !name[length] && length <= ESP_ACTIVATION_NAME_MAX;
}

static esp_status check_activation(const esp_activation_kind *a, esp_error *err) {
  if (!is_keyword(a->name))
    return esp_fail(err, ESP_ERR_INPUT,
                    "activation '%.40s': expected a name of up to %d letters, digits and '_' that "
                    "begins with a letter",
                    a->name ? a->name : "", ESP_ACTIVATION_NAME_MAX);
  if (esp__layer_kind_find(a->name, strlen(a->name)))
    return esp_fail(err, ESP_ERR_INPUT, "activation '%s': there is a layer of that name already",
                    a->name);
  if (!a->f || !a->slope || !a->help)
    return esp_fail(err, ESP_ERR_INPUT, "activation '%s': expected f, slope and help, not NULL",
                    a->name);
  const double at_zero = (double)a->f(0.0f);
  if (a->keeps_zero != (at_zero == 0.0))
    return esp_fail(err, ESP_ERR_INPUT, "activation '%s': f(0) = %g, but keeps_zero is %s", a->name,
                    at_zero, a->keeps_zero ? "true" : "false");
  return ESP_OK;
}

esp_status esp_activation_register(const esp_activation_kind *kind, esp_error *err) {
  ESP_TRY(check_activation(kind, err));
  if (customs == ESP_ACTIVATION_KINDS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "activation '%s': there are %d already, expected no more",
                    kind->name, customs);
  custom_kinds[customs++] = (esp__layer_kind){.keyword = kind->name,
                                              .arguments = "",
                                              .help = kind->help,
                                              .role = ESP_KIND_ACTIVATION,
                                              .custom = kind,
                                              .build = build_custom};
  return ESP_OK;
}

const esp_activation_kind *esp_activation_at(size_t i) {
  return i < (size_t)customs ? custom_kinds[i].custom : NULL;
}
