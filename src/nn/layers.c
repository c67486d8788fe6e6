/* The kinds of layers: how each becomes operations, and the table of all of them. */
#include "nn/layers.h"

#include <stdlib.h>
#include <string.h>

static const esp__item *item_at(const esp__builder *b, int i) {
  return &b->program->item[i];
}

esp_status esp__build_record(esp__builder *b, const esp_layer *layer, esp_error *err) {
  esp_model *m = b->model;
  if (!b->make) return ESP_OK;
  esp_layer *grown = realloc(m->layer, (size_t)(m->layers + 1) * sizeof *grown);
  if (!grown) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for layer '%s'", layer->name);
  m->layer = grown;
  m->layer[m->layers++] = *layer;
  return ESP_OK;
}

/* Layer `i`; a bn that follows directly belongs to it. */
static esp_status record_layer(esp__builder *b, int i, const esp_layer *layer, esp_error *err) {
  ESP_TRY(esp__build_record(b, layer, err));
  if (b->make) b->scaled = esp__build_next(b, i);
  return ESP_OK;
}

/* A bias, unless `nobias`, or unless it would only move the mean that a following batch norm
 * subtracts. */
static esp_status make_bias(esp__builder *b, int i, esp_layer *layer, int channels,
                            esp_error *err) {
  int asked = item_at(b, i)->bias;
  bool normed = esp__build_is(b, esp__build_next(b, i), ESP_KIND_BN);
  if (asked == ESP_GIVEN_NOT ? normed : !asked) return ESP_OK;
  return esp__build_param(b, layer->name, "bias", ESP_ROLE_BIAS, 1, &channels, &layer->bias, err);
}

static esp_status add_conv(esp__builder *b, int i, esp_value *x, int channels, int groups,
                           esp_value **y, esp_error *err) {
  const esp__item *item = item_at(b, i);
  int in = esp_value_shape(x).channels;
  if (in % groups || channels % groups)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "groups %d must divide the channels, here %d into the convolution and %d out of it", groups,
        in, channels);
  int shape[4] = {channels, in / groups, item->kernel, item->kernel};
  esp_layer layer = {.groups = groups};
  ESP_TRY(esp__build_saliency(b, i, x, channels, err));
  ESP_TRY(esp__build_name(b, i, layer.name, err));
  ESP_TRY(esp__build_param(b, layer.name, "weight", ESP_ROLE_CONV_WEIGHT, 4, shape, &layer.weight,
                           err));
  ESP_TRY(make_bias(b, i, &layer, channels, err));
  esp_conv_attr attr = {.stride = item->stride, .padding = item->pad, .groups = groups};
  ESP_TRY(esp_graph_conv(b->graph, x, attr, layer.weight, layer.bias, y, err));
  layer.weight->positions = esp_value_shape(*y).height * esp_value_shape(*y).width;
  return record_layer(b, i, &layer, err);
}

static esp_status build_conv(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  return add_conv(b, i, x, item_at(b, i)->channels, item_at(b, i)->groups, y, err);
}

static esp_status build_depthwise(esp__builder *b, int i, esp_value *x, esp_value **y,
                                  esp_error *err) {
  int channels = esp_value_shape(x).channels;
  return add_conv(b, i, x, channels, channels, y, err);
}

static esp_status build_linear(esp__builder *b, int i, esp_value *x, esp_value **y,
                               esp_error *err) {
  esp_shape in = esp_value_shape(x);
  int channels = item_at(b, i)->channels, shape[2] = {channels, in.channels};
  if (in.height != 1 || in.width != 1)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "linear needs an input of 1x1 pixels but gets %dx%dx%d; put 'flatten' before it",
        in.channels, in.height, in.width);
  esp_layer layer = {.groups = 1};
  ESP_TRY(esp__build_name(b, i, layer.name, err));
  ESP_TRY(esp__build_param(b, layer.name, "weight", ESP_ROLE_LINEAR_WEIGHT, 2, shape, &layer.weight,
                           err));
  ESP_TRY(make_bias(b, i, &layer, channels, err));
  layer.weight->positions = 1;
  ESP_TRY(esp_graph_linear(b->graph, x, layer.weight, layer.bias, y, err));
  return record_layer(b, i, &layer, err);
}

static esp_status build_activation(esp__builder *b, int i, esp_value *x, esp_value **y,
                                   esp_error *err) {
  return esp_graph_activation(b->graph, x, item_at(b, i)->kind->activation, y, err);
}

static esp_status build_fatrelu(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return esp_graph_fatrelu(b->graph, x, (esp_fatrelu_attr){.threshold = item_at(b, i)->threshold},
                           y, err);
}

static esp_status build_share_relu(esp__builder *b, int i, esp_value *x, esp_value **y,
                                   esp_error *err) {
  char name[ESP_NAME_MAX];
  esp_fatrelu_attr attr = {.share = item_at(b, i)->share};
  ESP_TRY(esp__build_name(b, i, name, err));
  ESP_TRY(
      esp__build_param(b, name, "threshold", ESP_ROLE_RUNNING, 1, (int[]){1}, &attr.chosen, err));
  return esp_graph_fatrelu(b->graph, x, attr, y, err);
}

static esp_pool_attr pool_attr(const esp__item *item) {
  return (esp_pool_attr){.size = item->size, .stride = item->stride, .padding = item->pad};
}

static esp_status build_maxpool(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return esp_graph_maxpool(b->graph, x, pool_attr(item_at(b, i)), y, err);
}

static esp_status build_avgpool(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return esp_graph_avgpool(b->graph, x, pool_attr(item_at(b, i)), y, err);
}

static esp_status build_global_avgpool(esp__builder *b, int i, esp_value *x, esp_value **y,
                                       esp_error *err) {
  (void)i;
  return esp_graph_global_avgpool(b->graph, x, y, err);
}

static esp_status build_dropout(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return esp_graph_dropout(b->graph, x, item_at(b, i)->probability, y, err);
}

static esp_status build_flatten(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  (void)i;
  return esp_graph_flatten(b->graph, x, y, err);
}

static esp_status build_subsample(esp__builder *b, int i, esp_value *x, esp_value **y,
                                  esp_error *err) {
  const esp__item *item = item_at(b, i);
  return esp_graph_subsample(b->graph, x, item->channels, item->stride, y, err);
}

#define ACTIVATION(name, kind, what, text)                                            \
  {                                                                                   \
    .keyword = name, .arguments = "", .help = text, .role = what, .activation = kind, \
    .build = build_activation                                                         \
  }

/* The first three words of an entry are the keyword, the arguments (layers.h says how they are
 * read) and the help. */
static const esp__layer_kind kind_table[] = {
    {"conv", "CHANNELS KxK [stride N] [pad N] [groups N] [bias|nobias]",
     "convolution; pad is K/2 unless given, and it has a bias unless bn follows", .weights = true,
     .build = build_conv},
    {"depthwise", "KxK [stride N] [pad N] [bias|nobias]", "convolution of each channel by itself",
     .weights = true, .build = build_depthwise},
    {"linear", "CHANNELS [bias|nobias]", "fully connected layer, after flatten", .weights = true,
     .build = build_linear},
    {"bn", "", "batch normalisation (Ioffe & Szegedy 2015)", .role = ESP_KIND_BN,
     .build = esp__build_batchnorm},
    ACTIVATION("relu", ESP_ACT_RELU, ESP_KIND_RELU, "max(0, x)"),
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
    {"maxpool", "SIZE [stride N] [pad N]",
     "maximum of SIZE x SIZE pixels; stride is SIZE unless given", .build = build_maxpool},
    {"avgpool", "SIZE [stride N] [pad N]",
     "mean of SIZE x SIZE pixels; stride is SIZE unless given", .build = build_avgpool},
    {"global_avgpool", "", "mean of each channel", .build = build_global_avgpool},
    {"dropout", "P", "in training, zero each value with probability P", .build = build_dropout},
    {"flatten", "", "all channels and pixels in one row", .build = build_flatten},
    {"subsample", "CHANNELS [stride N]",
     "every N-th pixel, zero channels added up to CHANNELS: "
     "the shortcut without weights (He et al. 2016)",
     .build = build_subsample},
    {"group", "[NAME]", "prefixes the names of the layers up to its end", .role = ESP_KIND_GROUP,
     .build = esp__build_group},
    {"residual", "[NAME]",
     "adds the layers up to `shortcut` or end, and the shortcut or the input itself",
     .role = ESP_KIND_RESIDUAL, .build = esp__build_residual},
    {"concat", "[NAME]", "joins its branches along the channels", .role = ESP_KIND_CONCAT,
     .build = esp__build_concat},
    {"repeat", "COUNT", "the layers up to its end, COUNT times", .role = ESP_KIND_REPEAT},
    {"shortcut", "", "begins the second branch of a residual", .role = ESP_KIND_SHORTCUT},
    {"branch", "", "begins the next branch of a concat", .role = ESP_KIND_BRANCH},
    {"end", "", "ends group, residual, concat, repeat", .role = ESP_KIND_END},
};
enum { KINDS = sizeof kind_table / sizeof *kind_table };
_Static_assert((int)KINDS <= (int)ESP_KINDS_MAX, "esp__scope counts layers of ESP_KINDS_MAX kinds");

const esp__layer_kind *esp__layer_kind_at(size_t i) {
  return i < KINDS ? &kind_table[i] : NULL;
}
const esp__layer_kind *esp__layer_kind_find(const char *word, size_t length) {
  for (size_t i = 0; i < KINDS; i++)
    if (strlen(kind_table[i].keyword) == length && memcmp(kind_table[i].keyword, word, length) == 0)
      return &kind_table[i];
  return NULL;
}

const char *esp_layer_keyword(size_t i) {
  return i < KINDS ? kind_table[i].keyword : NULL;
}
const char *esp_layer_arguments(size_t i) {
  return i < KINDS ? kind_table[i].arguments : NULL;
}
const char *esp_layer_help(size_t i) {
  return i < KINDS ? kind_table[i].help : NULL;
}
