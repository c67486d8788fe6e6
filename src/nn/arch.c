/* The table of built-in architectures. */
#include "nn/arch.h"
#include "base/text_stream.h"
#include "nn/layers.h"

#include <stdlib.h>
#include <string.h>

typedef struct arch {
  const char *name, *help;
  esp__arch_writer *write;
  int depth, width, heads;
} arch;

static esp_status write_custom(FILE *out, const esp__arch_ask *ask, esp_error *err) {
  const char *layers = ask->opt->layers;
  if (!layers || !*layers)
    return esp_fail(err, ESP_ERR_INPUT,
                    "model.arch is custom, but model.layers, the network's layers, is empty");
  fputs(layers, out);
  return ESP_OK;
}

static const arch arch_table[] = {
    {"lenet5", "LeNet-5 with ReLU and max pooling (LeCun et al. 1998)", esp__arch_lenet5, 0, 0},
    {"lenet5-caffe",
     "LeNet-5 as Caffe has it, 431,080 parameters (Han et al. 2015; Guo et al. 2016)",
     esp__arch_lenet5_caffe, 0, 0},
    {"mlp", "fully connected; model.hidden lists the hidden layers (LeNet-300-100)", esp__arch_mlp,
     0, 0},
    {"conv2", "2 convolutions, 3 fully connected layers (Frankle & Carbin 2019)", esp__arch_conv, 2,
     0},
    {"conv4", "4 convolutions, 3 fully connected layers (Frankle & Carbin 2019)", esp__arch_conv, 4,
     0},
    {"conv6", "6 convolutions, 3 fully connected layers (Frankle & Carbin 2019)", esp__arch_conv, 6,
     0},
    {"vgg11", "VGG for small images, batch norm, one linear layer (Simonyan & Zisserman 2015)",
     esp__arch_vgg, 11, 0},
    {"vgg13", "as vgg11, 10 convolutions", esp__arch_vgg, 13, 0},
    {"vgg16", "as vgg11, 13 convolutions", esp__arch_vgg, 16, 0},
    {"vgg19", "as vgg11, 16 convolutions", esp__arch_vgg, 19, 0},
    {"resnet8", "residual network for small images (He et al. 2016), one block per stage",
     esp__arch_resnet, 8, 0},
    {"resnet14", "as resnet8, 2 blocks per stage", esp__arch_resnet, 14, 0},
    {"resnet20",
     "as resnet8, 3 blocks per stage; resnet<D> for any D = 6n + 2 (resnet50-cifar for 50)",
     esp__arch_resnet, 20, 0},
    {"resnet32", "as resnet8, 5 blocks per stage", esp__arch_resnet, 32, 0},
    {"resnet44", "as resnet8, 7 blocks per stage", esp__arch_resnet, 44, 0},
    {"resnet56", "as resnet8, 9 blocks per stage", esp__arch_resnet, 56, 0},
    {"resnet110", "as resnet8, 18 blocks per stage", esp__arch_resnet, 110, 0},
    {"wrn-16-8", "wide residual network (Zagoruyko & Komodakis 2016), 8 times the channels",
     esp__arch_wrn, 16, 8},
    {"wrn-22-2", "as wrn-16-8, deeper, 2 times the channels; wrn-<D>-<K> for any D = 6n + 4",
     esp__arch_wrn, 22, 2},
    {"wrn-28-10", "as wrn-16-8, deeper, 10 times the channels", esp__arch_wrn, 28, 10},
    {"mobilenet", "depthwise separable convolutions for small images (Howard et al. 2017)",
     esp__arch_mobilenet, 0, 0},
    {"textcnn", "windows of 3, 4 and 5 words, and their largest values (Kim 2014)",
     esp__arch_textcnn, 0, 0},
    {"lstm-64", "LSTM of 64 units behind an embedding; lstm-<D> of any number", esp__arch_lstm, 0,
     64},
    {"gru-64", "as lstm-64, with gated recurrent units; gru-<D>", esp__arch_gru, 0, 64},
    {"transformer-2-64-4",
     "transformer encoder (Vaswani et al. 2017) of 2 layers, 64 channels, 4 heads; "
     "transformer-<L>-<D>-<H>",
     esp__arch_transformer, 2, 64, 4},
    {"ds-cnn", "depthwise separable network for spoken words, small (Zhang et al. 2017)",
     esp__arch_ds_cnn, 4, 64},
    {"ds-cnn-m", "as ds-cnn, medium", esp__arch_ds_cnn, 4, 172},
    {"ds-cnn-l", "as ds-cnn, large", esp__arch_ds_cnn, 5, 276},
    {"kws-dnn", "three fully connected layers for spoken words, small (Zhang et al. 2017)",
     esp__arch_kws_dnn, 0, 144},
    {"kws-dnn-m", "as kws-dnn, medium", esp__arch_kws_dnn, 0, 256},
    {"kws-dnn-l", "as kws-dnn, large", esp__arch_kws_dnn, 0, 436},
    {"resnet18-imagenet", "residual network for large images (He et al. 2016), 2 blocks per stage",
     esp__arch_resnet_imagenet, 18, 0},
    {"resnet34-imagenet", "as resnet18-imagenet, 3, 4, 6, 3 blocks", esp__arch_resnet_imagenet, 34,
     0},
    {"resnet50-imagenet", "as resnet34-imagenet, blocks of three layers", esp__arch_resnet_imagenet,
     50, 0},
    {"mobilenetv2-imagenet", "inverted residuals with ReLU6 for large images (Sandler et al. 2018)",
     esp__arch_mobilenetv2, 0, 0},
    {"custom", "the layers written in model.layers", write_custom, 0, 0},
};
enum { ARCHS = sizeof arch_table / sizeof *arch_table };

const char *esp_arch_name(size_t i) {
  return i < ARCHS ? arch_table[i].name : NULL;
}
const char *esp_arch_help(size_t i) {
  return i < ARCHS ? arch_table[i].help : NULL;
}

/* One to four digits, not starting with 0, of which *text is moved to the end. */
static bool read_number(const char **text, int *number) {
  const char *start = *text;
  *number = 0;
  if (*start == '0') return false;
  for (; **text >= '0' && **text <= '9' && *text - start < 5; (*text)++)
    *number = 10 * *number + (**text - '0');
  return *text > start && *text - start < 5;
}

/* Families of any size: the numbers behind the name, with '-' between them. */
static const struct {
  const char *name;
  esp__arch_writer *write;
  size_t number[3]; /* the member of arch that each is; 0: no more */
  const char *end;  /* of the name; NULL: none */
} families[] = {
    {"resnet", esp__arch_resnet, {offsetof(arch, depth)}},
    {"resnet", esp__arch_resnet, {offsetof(arch, depth)}, "-cifar"},
    {"wrn-", esp__arch_wrn, {offsetof(arch, depth), offsetof(arch, width)}},
    {"lstm-", esp__arch_lstm, {offsetof(arch, width)}},
    {"gru-", esp__arch_gru, {offsetof(arch, width)}},
    {"transformer-",
     esp__arch_transformer,
     {offsetof(arch, depth), offsetof(arch, width), offsetof(arch, heads)}},
};

/* Whether the name is family number f with its numbers, which become those of *found. */
static bool is_of_family(const char *name, size_t f, arch *found) {
  const size_t length = strlen(families[f].name);
  const char *at = name + length;
  *found = (arch){.name = name, .write = families[f].write};
  if (strncmp(name, families[f].name, length) != 0) return false;
  for (int i = 0; i < 3 && families[f].number[i]; i++) {
    if (i > 0 && *at++ != '-') return false;
    if (!read_number(&at, (int *)(void *)((char *)found + families[f].number[i]))) return false;
  }
  return strcmp(at, families[f].end ? families[f].end : "") == 0;
}

/* Depths that ImageNet's residual networks have made their own say which network is meant. */
static esp_status check_depth(const arch *a, esp_error *err) {
  static const int depths[] = {18, 34, 50, 101, 152};
  if (a->write != esp__arch_resnet || strchr(a->name, '-')) return ESP_OK;
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
    if (a->depth == depths[i])
      return esp_fail(
          err, ESP_ERR_INPUT,
          "model.arch: '%s' is the name of a network for large images: expected "
          "resnet18-imagenet, resnet34-imagenet, resnet50-imagenet, or for small images "
          "resnet20, resnet32, ... or resnet50-cifar",
          a->name);
  return ESP_OK;
}

static bool find(const char *name, arch *found) {
  for (size_t i = 0; i < ARCHS; i++)
    if (strcmp(arch_table[i].name, name) == 0) {
      *found = arch_table[i];
      return true;
    }
  for (size_t f = 0; f < sizeof families / sizeof *families; f++)
    if (is_of_family(name, f, found)) return true;
  return false;
}

static esp_status fail_unknown(const char *name, esp_error *err) {
  const char *near = esp_nearest(name, esp_arch_name);
  if (near)
    return esp_fail(err, ESP_ERR_INPUT,
                    "model.arch: unknown architecture '%.40s'; did you mean '%s'?", name, near);
  return esp_fail(
      err, ESP_ERR_INPUT,
      "model.arch: unknown architecture '%.40s'; `espalier list models` prints those there are, "
      "and 'custom' takes model.layers",
      name);
}

static esp_status no_memory(const esp_model_options *opt, esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the text of '%.40s'", opt->arch);
}

/* What the writer writes, newly allocated. */
static esp_status written(const arch *a, const esp__arch_ask *ask, char **text, esp_error *err) {
  size_t size;
  *text = NULL;
  FILE *out = esp__text_stream(text, &size);
  if (!out) return no_memory(ask->opt, err);
  esp_status status = a->write(out, ask, err);
  if (fclose(out) != 0 && status == ESP_OK) status = no_memory(ask->opt, err);
  if (status == ESP_OK) return ESP_OK;
  free(*text);
  *text = NULL;
  return status;
}

/* The same lines, blocks indented; the built-ins are right, so every line begins with a keyword. */
static esp_status indented(const esp__arch_ask *ask, char *plain, char **text, esp_error *err) {
  size_t size;
  int depth = 0;
  FILE *out = esp__text_stream(text, &size);
  if (!out) return no_memory(ask->opt, err);
  for (char *rest = NULL, *line = strtok_r(plain, "\n", &rest); line;
       line = strtok_r(NULL, "\n", &rest))
    esp__line_write(out, esp__layer_kind_find(line, strcspn(line, " ")), line, &depth);
  if (fclose(out) == 0) return ESP_OK;
  free(*text);
  *text = NULL;
  return no_memory(ask->opt, err);
}

static esp_status full_width(const esp_model_options *opt, esp_shape input, char **text,
                             esp_error *err) {
  arch found;
  char *plain;
  *text = NULL;
  if (!find(opt->arch, &found)) return fail_unknown(opt->arch, err);
  ESP_TRY(check_depth(&found, err));
  esp__arch_ask ask = {
      .opt = opt, .input = input, .depth = found.depth, .width = found.width, .heads = found.heads};
  if (found.write == write_custom) return written(&found, &ask, text, err);
  ESP_TRY(written(&found, &ask, &plain, err));
  esp_status status = indented(&ask, plain, text, err);
  free(plain);
  return status;
}

esp_status esp_arch_text(const esp_model_options *opt, esp_shape input, int classes, char **text,
                         esp_error *err) {
  (void)classes; /* the texts say `classes` */
  ESP_TRY(full_width(opt, input, text, err));
  esp_status status = opt->width == 1.0 ? ESP_OK : esp__width_apply(text, opt->width, err);
  const bool varies = opt->gate_density > 0.0 || opt->relu_threshold > 0.0 || opt->relu_zeros > 0.0;
  if (status == ESP_OK && varies) status = esp__variant_apply(text, opt, err);
  if (status == ESP_OK) return ESP_OK;
  free(*text);
  *text = NULL;
  return status;
}
