/* The layer language, the built-in architectures, parameters and their initial values. */
#include "base/memory.h"
#include "suite.h"

#include <espalier/model.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const esp_shape cifar = {3, 32, 32}, mnist = {1, 28, 28};

static esp_model_options options(const char *arch, const char *layers) {
  return (esp_model_options){.arch = (char *)(uintptr_t)arch,
                             .input = (char *)(uintptr_t) "",
                             .layers = (char *)(uintptr_t)layers,
                             .weights = (char *)(uintptr_t) "",
                             .shortcut = (char *)(uintptr_t) "projection",
                             .hidden = {.value = {300, 100}, .count = 2},
                             .width = 1.0};
}

static esp_model *make_with(const esp_model_options *opt, esp_shape input, esp_key seed) {
  esp_model *m;
  esp_error err = {.text = ""};
  esp_status status = esp_model_new(&m, opt, input, 10, seed, &err);
  ck_assert_msg(status == ESP_OK, "%s: %s", opt->arch, err.text);
  return m;
}

static esp_model *make(const char *arch, esp_shape input) {
  esp_model_options opt = options(arch, "");
  return make_with(&opt, input, 1);
}

static esp_model *custom(const char *layers, esp_shape input) {
  esp_model_options opt = options("custom", layers);
  return make_with(&opt, input, 1);
}

static size_t weights(const esp_model *m) {
  size_t sum = 0;
  for (int i = 0; i < m->params.count; i++)
    if (esp_param_trains(m->params.item[i])) sum += m->params.item[i]->count;
  return sum;
}

static const esp_param *param(const esp_model *m, const char *name) {
  const esp_param *p = esp_params_find(&m->params, name);
  ck_assert_msg(p != NULL, "no parameter %s", name);
  return p;
}

static esp_graph *graph_of(esp_model *m, int batch) {
  esp_graph *g;
  esp_error err = {.text = ""};
  esp_status status =
      esp_model_graph(m, batch, false, (esp_loss_attr){ESP_LOSS_CROSS_ENTROPY, 0.0f}, &g, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  return g;
}

/* ---- built-ins ---- */

START_TEST(parameter_counts) {
  static const struct {
    const char *arch;
    int channels, side;
    size_t weights;
  } known[] = {
      {"lenet5", 1, 28, 61706},
      {"lenet5", 1, 32, 61706},
      {"lenet5-caffe", 1, 28, 431080},
      {"mlp", 1, 28, 266610},
      {"conv2", 3, 32, 4301642},
      {"conv4", 3, 32, 2425930},
      {"conv6", 3, 32, 2262602},
      /* 14,728,266 in the literature counts 4,224 biases in front of batch norm too */
      {"vgg16", 3, 32, 14724042},
      {"vgg11", 3, 32, 9228362},
      {"resnet8", 3, 32, 78042},
      {"resnet20", 3, 32, 272474},
      {"resnet56", 3, 32, 855770},
      {"mobilenet", 3, 32, 3217226},
      {"wrn-22-2", 3, 32, 1079642},
      {"wrn-16-8", 3, 32, 10961370},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    esp_model *m =
        make(known[i].arch, (esp_shape){known[i].channels, known[i].side, known[i].side});
    ck_assert_msg(weights(m) == known[i].weights, "%s: %zu weights, expected %zu", known[i].arch,
                  weights(m), known[i].weights);
    esp_model_free(m);
  }
}
END_TEST

START_TEST(networks_for_large_images) {
  static const struct {
    const char *arch;
    size_t parameters; /* of torchvision's, with 1000 classes */
  } known[] = {{"resnet18-imagenet", 11689512},
               {"resnet34-imagenet", 21797672},
               {"resnet50-imagenet", 25557032},
               {"mobilenetv2-imagenet", 3504872}};
  const esp_model_options opt = options(known[_i].arch, "");
  esp_model *m;
  esp_error err = {.text = ""};
  size_t learned = 0;
  const esp_shape input = {3, 224, 224};
  ck_assert_msg(esp_model_new(&m, &opt, input, 1000, 1, &err) == ESP_OK, "%s", err.text);
  for (int i = 0; i < m->params.count; i++)
    if (esp_param_trains(m->params.item[i])) learned += m->params.item[i]->count;
  ck_assert_uint_eq(learned, known[_i].parameters);
  esp_model_free(m);
}
END_TEST

/* 432 + 32; 3 (2 * 2304 + 64); 13824 + 128 + 2 (18432 + 128); 55296 + 256 + 2 (73728 + 256); 650 */
START_TEST(identity_shortcut_has_no_weights) {
  esp_model_options opt = options("resnet20", "");
  opt.shortcut = (char *)(uintptr_t) "identity";
  esp_model *m = make_with(&opt, cifar, 1);
  ck_assert_uint_eq(weights(m), 464 + 14016 + 51072 + 203520 + 650);
  esp_model_free(m);
}
END_TEST

/* 28x28 with one channel: the counts above are of 32x32. The largest take seconds to initialise. */
START_TEST(every_listed_architecture_builds) {
  size_t count = 0;
  for (; esp_arch_name(count); count++) {
    ck_assert_uint_gt(strlen(esp_arch_help(count)), 0);
    const char *name = esp_arch_name(count);
    bool large =
        strcmp(name, "vgg19") == 0 || strncmp(name, "wrn", 3) == 0 || strstr(name, "imagenet");
    if (strcmp(name, "custom") != 0 && !large) esp_model_free(make(name, mnist));
  }
  ck_assert_uint_ge(count, 20);
  ck_assert_ptr_null(esp_arch_help(count));
}
END_TEST

START_TEST(general_names) {
  esp_model *m = make("resnet26", cifar);
  ck_assert_int_eq(m->layers, 1 + 4 * 6 + 2 + 1);
  esp_model_free(m);
  m = make("wrn-10-1", cifar);
  ck_assert_int_eq(m->layers, 1 + 6 + 2 + 1);
  param(m, "layer1.0.bn2.scale");
  param(m, "layer2.bn1.scale");
  param(m, "layer2.0.shortcut.conv1.weight");
  ck_assert_ptr_null(esp_params_find(&m->params, "layer1.0.shortcut.conv1.weight"));
  esp_model_free(m);
}
END_TEST

START_TEST(resnet20_names_and_positions) {
  esp_model *m = make("resnet20", cifar);
  ck_assert_str_eq(m->params.item[0]->name, "conv1.weight");
  ck_assert_str_eq(m->params.item[1]->name, "bn1.scale");
  ck_assert_str_eq(m->params.item[4]->name, "bn1.var");
  ck_assert_str_eq(m->params.item[5]->name, "layer1.0.conv1.weight");
  ck_assert_str_eq(m->params.item[m->params.count - 1]->name, "linear1.bias");
  ck_assert_int_eq(param(m, "layer1.2.conv2.weight")->positions, 32 * 32);
  ck_assert_int_eq(param(m, "layer2.0.shortcut.conv1.weight")->positions, 16 * 16);
  ck_assert_int_eq(param(m, "layer3.2.conv2.weight")->positions, 8 * 8);
  ck_assert_int_eq(param(m, "linear1.weight")->positions, 1);
  ck_assert_int_eq(param(m, "layer3.2.bn2.scale")->positions, 0);
  ck_assert_int_eq(m->layers, 22);
  const esp_layer *down = &m->layer[9];
  ck_assert_str_eq(down->name, "layer2.0.shortcut.conv1");
  ck_assert_ptr_eq(down->weight, param(m, "layer2.0.shortcut.conv1.weight"));
  ck_assert_ptr_eq(down->scale, param(m, "layer2.0.shortcut.bn1.scale"));
  ck_assert_ptr_eq(down->shift, param(m, "layer2.0.shortcut.bn1.shift"));
  ck_assert_ptr_null(down->bias);
  ck_assert_ptr_null(m->layer[21].scale);
  ck_assert_ptr_eq(m->layer[21].bias, param(m, "linear1.bias"));
  esp_model_free(m);
}
END_TEST

START_TEST(resnet20_macs) {
  esp_model *m = make("resnet20", cifar);
  double sum = 0;
  for (int i = 0; i < m->layers; i++)
    sum += (double)m->layer[i].weight->count * m->layer[i].weight->positions;
  esp_graph *g = graph_of(m, 2);
  /* 442368 + 6 * 2359296 + (1179648 + 5 * 2359296 + 131072) * 2 + 640 */
  ck_assert_double_eq(sum, 40813184);
  ck_assert_double_eq(esp_graph_macs(g, false), sum);
  esp_graph_free(g);
  esp_model_free(m);
}
END_TEST

/* A batch norm belongs to the layer directly before it, grouped and depthwise ones included. */
START_TEST(layers_know_what_follows) {
  esp_model *m = custom(
      "conv 8 3x3\nbn\ndepthwise 3x3\ngroup tail\nbn\nend\nconv 4 3x3 groups 2\nrelu\nbn\n"
      "conv 4 1x1 bias\nbn\nglobal_avgpool\nflatten\nlinear classes nobias\n",
      cifar);
  ck_assert_int_eq(m->layers, 5);
  ck_assert_ptr_eq(m->layer[0].scale, param(m, "bn1.scale"));
  ck_assert_ptr_eq(m->layer[1].scale, param(m, "tail.bn1.scale"));
  ck_assert_int_eq(m->layer[1].groups, 8);
  ck_assert_ptr_null(m->layer[1].bias);
  ck_assert_ptr_null(m->layer[2].scale);
  ck_assert_ptr_eq(m->layer[2].bias, param(m, "conv2.bias"));
  ck_assert_int_eq(m->layer[2].weight->shape[1], 4);
  ck_assert_int_eq(m->layer[2].groups, 2);
  ck_assert_ptr_eq(m->layer[3].shift, param(m, "bn3.shift"));
  ck_assert_ptr_eq(m->layer[3].bias, param(m, "conv3.bias"));
  ck_assert_ptr_null(m->layer[4].bias);
  esp_model_free(m);
}
END_TEST

/* ---- the language ---- */

START_TEST(built_in_text) {
  static const char expected[] =
      "conv 16 3x3\nbn\nrelu\n"
      "group layer1\n  repeat 1\n    residual\n      conv 16 3x3\n      bn\n      relu\n"
      "      conv 16 3x3\n"
      "      bn\n    end\n    relu\n  end\nend\n"
      "group layer2\n  residual\n    conv 32 3x3 stride 2\n    bn\n    relu\n    conv 32 3x3\n"
      "    bn\n"
      "  shortcut\n    conv 32 1x1 stride 2\n    bn\n  end\n  relu\nend\n"
      "group layer3\n";
  esp_model_options opt = options("resnet8", "");
  char *text;
  ck_assert_int_eq(esp_arch_text(&opt, cifar, 10, &text, NULL), ESP_OK);
  ck_assert_mem_eq(text, expected, sizeof expected - 1);
  free(text);
  opt = options("custom", "  conv 1 1x1 \nwrong\n");
  ck_assert_int_eq(esp_arch_text(&opt, cifar, 10, &text, NULL), ESP_OK);
  ck_assert_str_eq(text, opt.layers);
  free(text);
}
END_TEST

START_TEST(text_parses_to_the_same_model) {
  static const char *const names[] = {"resnet20", "wrn-22-2", "mobilenet", "conv2", "mlp"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    esp_model *m = make(names[i], cifar), *again = custom(m->text, cifar);
    char before[65], after[65];
    esp_params_sha256(&m->params, before);
    esp_params_sha256(&again->params, after);
    ck_assert_str_eq(before, after);
    ck_assert_str_eq(m->text, again->text);
    ck_assert_ptr_null(strstr(m->text, "repeat"));
    for (int k = 0; k < m->params.count; k++)
      ck_assert_str_eq(m->params.item[k]->name, again->params.item[k]->name);
    esp_model_free(m);
    esp_model_free(again);
  }
}
END_TEST

START_TEST(names_within_blocks) {
  esp_model *m = custom(
      "conv  4   3x3 # four\r\n\n# nothing\nrepeat 2\nrepeat 3\ngroup\nconv 4 1x1\nend\nend\n"
      "residual\nconcat c\nconv 2 1x1\nbranch\nconv 2 1x1\nconv 2 1x1\nend\nend\nend\n"
      "concat\nbranch\nconv 1 1x1\nbranch\nend\n\tflatten\nlinear classes",
      (esp_shape){1, 4, 4});
  param(m, "conv1.weight");
  param(m, "0.conv1.weight");
  param(m, "2.conv1.bias");
  param(m, "3.c.branch1.conv1.weight");
  param(m, "3.c.branch2.conv2.weight");
  param(m, "6.conv1.weight");
  param(m, "7.c.branch2.conv1.weight");
  param(m, "8.branch2.conv1.weight");
  /* 4 channels, 1, and 4 again, of 16 pixels */
  ck_assert_int_eq(param(m, "linear1.weight")->shape[1], 9 * 16);
  ck_assert_int_eq(m->layers, 1 + 2 * (3 + 3) + 1 + 1);
  esp_model_free(m);
}
END_TEST

START_TEST(deep_nesting_is_limited) {
  for (int depth = 16; depth <= 17; depth++) {
    char text[512] = "conv 4 1x1\n";
    for (int i = 0; i < depth; i++) strcat(text, "group\n");
    strcat(text, "relu\n");
    for (int i = 0; i < depth; i++) strcat(text, "end\n");
    strcat(text, "flatten\nlinear classes\n");
    esp_model_options opt = options("custom", text);
    esp_model *m;
    esp_error err;
    ck_assert_int_eq(esp_model_new(&m, &opt, (esp_shape){1, 2, 2}, 10, 1, &err),
                     depth == 16 ? ESP_OK : ESP_ERR_INPUT);
    if (depth == 17) ck_assert_str_eq(err.text, "layers:18: blocks are nested deeper than 16");
    esp_model_free(m);
  }
}
END_TEST

static const struct {
  const char *layers, *message;
} malformed[] = {
    {"", "model.layers, the network's layers, is empty"},
    {"\n # nothing\n", "layers: there are no layers"},
    {"conv 8 3x3\nbn\ncnv 8 3x3\n", "layers:3: unknown layer 'cnv'; did you mean 'conv'?"},
    {"conv 8 3x3\n\n\nmaxpol 2\n", "layers:4: unknown layer 'maxpol'; did you mean 'maxpool'?"},
    {"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\n", "layers:1: unknown layer 'zzzz"},
    {"conv\n", "layers:1: conv: there is no 'CHANNELS'; expected 'conv CHANNELS KxL [stride N"},
    {"conv 8\n", "layers:1: conv: there is no 'KxL'"},
    {"conv 0 3x3\n", "layers:1: conv: CHANNELS is '0', expected a whole number from 1 to 65536"},
    {"conv 65537 3x3\n", "CHANNELS is '65537'"},
    {"conv 99999999999999999999 3x3\n", "CHANNELS is '99999999999999999999'"},
    {"conv -8 3x3\n", "CHANNELS is '-8'"},
    {"conv 8.5 3x3\n", "CHANNELS is '8.5'"},
    {"conv 8 3\n", "the kernel is '3', expected KxL with whole numbers from 1 to 63"},
    {"conv 8 3x\n", "the kernel is '3x'"},
    {"conv 8 x3\n", "the kernel is 'x3'"},
    {"conv 8 3x64\n", "the kernel is '3x64'"},
    {"conv 8 3x3 stride 0x1\n", "stride is '0x1', expected N or NxM, whole numbers from 1 to 1024"},
    {"conv 8 3x3 pad 1x65\n", "pad is '1x65', expected N or NxM, whole numbers from 0 to 64"},
    {"conv 8 3x3 stride 2 stride 1x1\n", "'stride' is given twice"},
    {"maxpool 2 stride 2x1\n", "stride is '2x1', expected a whole number from 1 to 1024"},
    {"conv 8 0x0\n", "the kernel is '0x0'"},
    {"conv 8 64x64\n", "with whole numbers from 1 to 63"},
    {"conv 8 3x3x3\n", "the kernel is '3x3x3'"},
    {"conv 8 3x3 strid 2\n", "layers:1: conv: unexpected 'strid'; expected 'conv"},
    {"conv 8 3x3 stride\n", "there is no number after 'stride'"},
    {"conv 8 3x3 stride 0\n", "stride is '0'"},
    {"conv 8 3x3 stride 2 stride 2\n", "'stride' is given twice"},
    {"conv 8 3x3 bias nobias\n", "a second 'nobias'"},
    {"conv 8 3x3 pad 65\n", "pad is '65', expected N or NxM, whole numbers from 0 to 64"},
    {"conv 8 3x3 groups 2\n", "layers:1: groups 2 must divide the channels, here 3 into"},
    {"conv 8 3x3\nconv 9 3x3 groups 2\n",
     "layers:2: groups 2 must divide the channels, here 8 into"},
    {"relu 8\n", "layers:1: relu: unexpected '8'; expected 'relu'"},
    {"dropout\n", "dropout: there is no 'P'"},
    {"dropout 1\n", "the probability is '1', expected a number from 0 to below 1"},
    {"dropout 0.99999999999\n", "the probability is '0.99999999999'"},
    {"dropout nan\n", "the probability is 'nan'"},
    {"dropout -0.5\n", "the probability is '-0.5'"},
    {"repeat 0\nrelu\nend\n",
     "layers:1: repeat: COUNT is '0', expected a whole number from 1 to 1000"},
    {"repeat 1001\nrelu\nend\n", "COUNT is '1001'"},
    {"repeat 2\nend\n", "layers:2: the 'repeat' of line 1 has no layers"},
    {"repeat 1000\nrepeat 1000\nrepeat 1000\nrelu\nend\nend\nend\n", "has more than 4096 lines"},
    {"relu\nend\n", "layers:2: 'end' without a block"},
    {"relu\nresidual\nrelu\n", "the 'residual' of line 2 has no 'end'"},
    {"repeat 2\nrelu\n", "the 'repeat' of line 1 has no 'end'"},
    {"residual\nend\n", "layers:2: the 'residual' of line 1 has no layers"},
    {"residual\nshortcut\nrelu\nend\n", "has no layers before its shortcut"},
    {"residual\nrelu\nshortcut\nshortcut\nend\n",
     "layers:4: the 'residual' of line 1 has a second 'shortcut'"},
    {"shortcut\n", "layers:1: 'shortcut' must stand directly in a 'residual'"},
    {"residual\ngroup\nshortcut\nend\nend\n", "layers:3: 'shortcut' must stand directly"},
    {"residual\nbranch\nend\n", "'branch' must stand directly in a 'concat'"},
    {"concat\nrelu\nend\n", "layers:3: the 'concat' of line 1 has one branch"},
    {"group a/b\nend\n", "the name 'a/b' is not up to 32 letters"},
    {"group aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nend\n", "is not up to 32 letters"},
    {"group a b\nend\n", "group: unexpected 'b'; expected 'group [NAME]'"},
    {"group a\nconv 2 1x1\nend\ngroup a\nconv 2 1x1\nend\n",
     "layers:5: there is a parameter 'a.conv1.weight'"},
    {"residual\nconv 4 3x3\nend\n",
     "layers:3: the residual adds 4x32x32 and, from the shortcut, 3x32x32"},
    {"residual\nconv 4 3x3\nbn\nshortcut\nconv 5 3x3\nend\nrelu\n",
     "layers:6: the residual adds 4x32x32 and, from the shortcut, 5x32x32"},
    {"concat\nmaxpool 2\nbranch\nend\n", "layers:4: the concat joins 3x16x16 and 3x32x32"},
    {"conv 8 3x3\nlinear 10\n",
     "layers:2: linear needs an input of 1x1 pixels but gets 8x32x32; put 'flatten'"},
    {"conv 8 3x3\n", "layers:1: the network ends with 8x32x32, expected 10x1x1"},
    {"flatten\nlinear 11\nrelu\n", "layers:3: the network ends with 11x1x1, expected 10x1x1"},
    {"repeat 5\nmaxpool 2\nend\nconv 4 5x5 pad 0\n", "layers:4: "},
    {"repeat 6\nmaxpool 2\nend\n", "layers:2: "},
    {"global_avgpool\nflatten\nlinear 65536\nlinear 65536\n",
     "layers:4: parameter 'linear2.weight' is too large"},
    {"conv 65536 1x1 pad 64\n", "layers:1: conv: its output would be 65536x160x160"},
    {"subsample 2 stride 2\n", "layers:1: "},
    {"flatten\nreshape 5\n",
     "layers:2: reshape: 5 planes, transpose 1, of 3072x1x1; expected both to divide its 3072"},
    {"reshape 6 transpose 7\n", "layers:1: reshape: 6 planes, transpose 7, of 3x32x32; expected"},
    {"reshape\n",
     "layers:1: reshape: there is no 'PLANES'; expected 'reshape PLANES [transpose N]'"},
    {"reshape 0\n", "reshape: PLANES is '0', expected a whole number from 1 to 65536"},
    {"reshape 3 transpose\n", "reshape: there is no number after 'transpose'"},
    {"reshape 3 transpose 0\n", "reshape: transpose is '0'"},
    {"relu a a a a a a a a a a a a a a a a a\n", "more than 16 words"},
};

static void line_of(char *text, const char *word, int times) {
  *text = '\0';
  for (int i = 0; i < times; i++) strcat(text, word);
}

/* Two numbers of a layer are rows, then columns; one counts for both; pad is half of the kernel. */
START_TEST(windows_have_rows_and_columns) {
  static const struct {
    const char *layer;
    int height, width; /* of what it makes of 12x9 pixels */
  } cases[] = {
      {"conv 4 3x1", 12, 9},
      {"conv 4 1x5", 12, 9},
      {"conv 4 3x5 pad 0", 10, 5},
      {"conv 4 3x1 pad 0x2", 10, 13},
      {"conv 4 3x1 stride 2x1", 6, 9},
      {"conv 4 1x3 stride 1x2", 12, 5},
      {"conv 4 10x4 stride 2x1", 7, 10},
      {"depthwise 3x5 stride 3 pad 1x0", 4, 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    snprintf(text, sizeof text, "%s\nflatten\nlinear classes\n", cases[i].layer);
    esp_model *m = custom(text, (esp_shape){3, 12, 9});
    const esp_layer *l = &m->layer[0];
    ck_assert_int_eq(l->weight->positions, cases[i].height * cases[i].width);
    const int channels = l->weight->shape[0];
    ck_assert_int_eq(m->layer[1].weight->shape[1], channels * cases[i].height * cases[i].width);
    esp_model_free(m);
  }
}
END_TEST

START_TEST(malformed_texts) {
  esp_model_options opt = options("custom", malformed[_i].layers);
  esp_model *m;
  esp_error err = {.text = ""};
  ck_assert_int_eq(esp_model_new(&m, &opt, cifar, 10, 1, &err), ESP_ERR_INPUT);
  ck_assert_ptr_null(m);
  ck_assert_msg(strstr(err.text, malformed[_i].message) != NULL, "%s\nhas not: %s", err.text,
                malformed[_i].message);
  ck_assert_ptr_null(strchr(err.text, '\n'));
  ck_assert_int_eq(esp_model_new(&m, &opt, cifar, 10, 1, NULL), ESP_ERR_INPUT);
}
END_TEST

static void expect_failure(const esp_model_options *opt, esp_shape input, int classes,
                           const char *message) {
  esp_model *m;
  esp_error err = {.text = ""};
  ck_assert_int_eq(esp_model_new(&m, opt, input, classes, 1, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, message) != NULL, "%s\nhas not: %s", err.text, message);
}

START_TEST(long_lines_and_names) {
  char text[1024];
  line_of(text, "relurelu", 21);
  esp_model_options opt = options("custom", text);
  expect_failure(&opt, cifar, 10, "layers:1: the line is longer than 160 characters");
  line_of(text, "group aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 3);
  strcat(text, "conv 1 1x1\nend\nend\nend\n");
  expect_failure(&opt, cifar, 10, "is longer than 95 characters");
  text[0] = '\0';
  line_of(text, "group aaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
          3); /* 84, conv1 fits but conv1.weight does not */
  strcat(text, "conv 1 1x1\nend\nend\nend\n");
  expect_failure(&opt, cifar, 10, "layers:4: parameter name '");
  char *huge = malloc(((size_t)1 << 20) + 2);
  memset(huge, '\n', ((size_t)1 << 20) + 1);
  huge[((size_t)1 << 20) + 1] = '\0';
  opt.layers = huge;
  expect_failure(&opt, cifar, 10, "layers: the text is longer than");
  free(huge);
}
END_TEST

START_TEST(wrong_architectures) {
  static const struct {
    const char *arch, *message;
  } wrong[] = {
      {"resnet2O", "model.arch: unknown architecture 'resnet2O'; did you mean 'resnet20'?"},
      {"resnet21", "model.arch: 'resnet<D>' cannot be 21 deep, expected D = 6n + 2: 8, 14, 20"},
      {"resnet2", "cannot be 2 deep"},
      {"resnet50", "model.arch: 'resnet50' is the name of a network for large images"},
      {"resnet18", "expected resnet18-imagenet"},
      {"resnet18-cifar", "cannot be 18 deep"},
      {"resnet20-imagenet", "unknown architecture 'resnet20-imagenet'"},
      {"wrn-21-2", "expected D = 6n + 4: 10, 16, 22"},
      {"wrn-22-9999", "wrn-22-9999:6: conv: CHANNELS is '159984'"},
      {"resnet99999999", "unknown architecture"},
      {"resnet9998", "resnet9998:"},
      {"xyzzy", "`espalier list models`"},
      {"", "unknown architecture ''"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    esp_model_options opt = options(wrong[i].arch, "");
    expect_failure(&opt, cifar, 10, wrong[i].message);
  }
  esp_model_options opt = options("lenet5", "");
  expect_failure(&opt, (esp_shape){1, 8, 8}, 10, "lenet5:4: ");
  opt = options("mlp", "");
  opt.hidden.value[1] = 2.5;
  expect_failure(&opt, mnist, 10, "model.hidden: 2.5");
}
END_TEST

START_TEST(inputs) {
  esp_shape s;
  esp_error err;
  ck_assert_int_eq(esp_shape_parse("3x32x48", &s, &err), ESP_OK);
  ck_assert_int_eq(s.channels, 3);
  ck_assert_int_eq(s.height, 32);
  ck_assert_int_eq(s.width, 48);
  ck_assert_int_eq(s.vocabulary, 0);
  static const char *const wrong[] = {"",
                                      "3",
                                      "3x32",
                                      "3x32x",
                                      "3x32x32x",
                                      "3x0x32",
                                      "ax3x3",
                                      "3x32x32 ",
                                      "3x32x5000",
                                      "3x32x9999999",
                                      "99999x3x3",
                                      "-3x32x32",
                                      "x",
                                      "1x1x24:",
                                      "1x1x24:1",
                                      "1x1x24:5000:",
                                      "2x1x24:50",
                                      "1x2x24:50",
                                      "1x1x24:2000000",
                                      "1x1:5"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    ck_assert_int_eq(esp_shape_parse(wrong[i], &s, &err), ESP_ERR_INPUT);
  esp_model_options opt = options("lenet5", "");
  opt.input = (char *)(uintptr_t) "1x28x28";
  esp_model_free(make_with(&opt, mnist, 1));
  expect_failure(&opt, cifar, 10, "model.input is 1x28x28, but the data set's images are 3x32x32");
  opt.input = (char *)(uintptr_t) "";
  expect_failure(&opt, (esp_shape){0, 28, 28}, 10, "the images are 0x28x28");
  expect_failure(&opt, mnist, 0, "there are 0 classes");
}
END_TEST

/* The words of a text are numbers only for an embedding. */
START_TEST(inputs_of_tokens) {
  const esp_shape words = {1, 1, 24, 5000};
  char text[ESP_SHAPE_TEXT];
  esp_shape s;
  esp_error err;
  ck_assert_int_eq(esp_shape_parse("1x1x24:5000", &s, &err), ESP_OK);
  ck_assert(esp_shape_same(s, words));
  esp_shape_write(s, text);
  ck_assert_str_eq(text, "1x1x24:5000");
  esp_model_options opt = options("custom", "conv 4 1x3\nflatten\nlinear classes\n");
  expect_failure(&opt, words, 10,
                 "layers:1: conv: what it reads are tokens, not numbers; expected 'embedding'");
  opt.input = (char *)(uintptr_t) "1x1x24";
  expect_failure(&opt, words, 10, "expected 'embedding'"); /* the data set says of how many words */
  opt.input = (char *)(uintptr_t) "1x1x24:4000";
  expect_failure(&opt, words, 10,
                 "model.input is 1x1x24:4000, but the data set's images are 1x1x24:5000");
}
END_TEST

START_TEST(layer_kinds_are_listed) {
  size_t i = 0;
  for (; esp_layer_keyword(i); i++) {
    ck_assert_ptr_nonnull(esp_layer_arguments(i));
    ck_assert_uint_gt(strlen(esp_layer_help(i)), 0);
  }
  ck_assert_uint_eq(i, 39);
  ck_assert_str_eq(esp_layer_keyword(0), "conv");
}
END_TEST

/* ---- batch norm in one pass ---- */

/* Images of noise through the model; batch norms get noise too, or they would all be alike. */
static void logits_of(esp_model *m, bool training, float logit[4][10]) {
  esp_shape s = m->input;
  size_t count = (size_t)(s.channels * s.height * s.width) * ESP_LANES;
  float *images = aligned_alloc(64, count * sizeof *images);
  for (size_t i = 0; i < count; i++)
    images[i] = i % ESP_LANES < 4 ? (float)esp_random_normal(5, i) : 0;
  for (int k = 0; k < m->params.count; k++) {
    esp_param *p = m->params.item[k];
    for (size_t i = 0; i < p->count && !esp_param_prunable(p); i++)
      p->value[i] = 0.5f + esp_random_uniform(esp_key_of(7, (uint64_t)k), i);
  }
  esp_graph *g;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_model_graph(m, 4, training, (esp_loss_attr){ESP_LOSS_CROSS_ENTROPY, 0.0f}, &g,
                                &err) == ESP_OK,
                "%s", err.text);
  static const int32_t labels[4] = {1, 2, 3, 4};
  esp_batch batch = {.images = images, .labels = labels, .count = 4};
  esp_graph_forward(g, &batch, (esp_pass){.training = training, .dropout_key = 1});
  for (int image = 0; image < 4; image++)
    for (int c = 0; c < 10; c++)
      logit[image][c] = esp_value_at(esp_graph_output(g), image, c, 0, 0);
  esp_graph_free(g);
  free(images);
}

/* `dropout 0` changes nothing but stands in the way of fusing. */
START_TEST(fused_batchnorm_gives_equal_results) {
  static const char *const pairs[][2] = {
      {"conv 4 3x3\nbn\nrelu\n", "conv 4 3x3\nbn\ndropout 0\nrelu\n"},
      {"conv 4 3x3\ngroup\nbn\nend\nrelu\n", "conv 4 3x3\ngroup\nbn\ndropout 0\nend\nrelu\n"},
      {"conv 4 3x3\nresidual\nconv 4 3x3\nbn\nend\nrelu\n",
       "conv 4 3x3\nresidual\nconv 4 3x3\nbn\ndropout 0\nend\ndropout 0\nrelu\n"},
      {"residual\nconv 4 3x3 stride 2\nbn\nrelu\nconv 4 3x3\nbn\nshortcut\nconv 4 1x1 stride 2\n"
       "bn\nend\nrelu\n",
       "residual\nconv 4 3x3 stride 2\nbn\ndropout 0\nrelu\nconv 4 3x3\nbn\ndropout 0\nshortcut\n"
       "conv 4 1x1 stride 2\nbn\nend\ndropout 0\nrelu\n"},
      {"conv 4 3x3\nresidual\nresidual\nconv 4 3x3\nbn\nend\nrelu\nend\nrelu\n",
       "conv 4 3x3\nresidual\nresidual\nconv 4 3x3\nbn\ndropout 0\nend\nrelu\nend\nrelu\n"},
      {"conv 4 3x3\nresidual\nresidual\nconv 4 3x3\nbn\nend\nend\nrelu\n",
       "conv 4 3x3\nresidual\nresidual\nconv 4 3x3\nbn\ndropout 0\nend\nend\nrelu\n"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    for (int training = 0; training < 2; training++) {
      float logit[2][4][10];
      for (int k = 0; k < 2; k++) {
        char text[512];
        snprintf(text, sizeof text, "%sglobal_avgpool\nflatten\nlinear classes\n", pairs[i][k]);
        esp_model *m = custom(text, (esp_shape){3, 6, 6});
        logits_of(m, training, logit[k]);
        esp_model_free(m);
      }
      for (int n = 0; n < 40; n++) {
        ck_assert_float_eq_tol(logit[0][n / 10][n % 10], logit[1][n / 10][n % 10], 1e-4f);
        ck_assert(isfinite(logit[0][n / 10][n % 10]));
      }
      ck_assert_float_ne(logit[0][0][0], logit[0][1][0]);
    }
}
END_TEST

static size_t bytes_of(const char *layers) {
  char text[512];
  snprintf(text, sizeof text, "conv 4 3x3\n%sglobal_avgpool\nflatten\nlinear classes\n", layers);
  esp_model *m = custom(text, (esp_shape){3, 8, 8});
  esp_graph *g;
  ck_assert_int_eq(
      esp_model_graph(m, 4, true, (esp_loss_attr){ESP_LOSS_CROSS_ENTROPY, 0.0f}, &g, NULL), ESP_OK);
  size_t bytes = esp_graph_bytes(g);
  esp_graph_free(g);
  esp_model_free(m);
  return bytes;
}

/* A pass of its own keeps its own output, of 4x8x8 values here: leaky_relu, which is not fused, and
 * the sum before it. */
START_TEST(fused_batchnorm_saves_memory) {
  size_t value = 4 * 8 * 8 * ESP_LANES * sizeof(float);
  ck_assert_uint_ge(bytes_of("bn\nleaky_relu\n"), bytes_of("bn\nrelu\n") + value);
  ck_assert_uint_ge(bytes_of("residual\nconv 4 3x3\nbn\nend\nleaky_relu\n"),
                    bytes_of("residual\nconv 4 3x3\nbn\nend\nrelu\n") + 2 * value);
  ck_assert_uint_ge(
      bytes_of("residual\nconv 4 3x3\nbn\nshortcut\nconv 4 1x1\nbn\nend\nleaky_relu\n"),
      bytes_of("residual\nconv 4 3x3\nbn\nshortcut\nconv 4 1x1\nbn\nend\nrelu\n") + 2 * value);
}
END_TEST

/* What follows a fused relu still runs: leaving one out, or doing one twice, would show here. */
START_TEST(relu_after_relu_is_its_own) {
  esp_model *m = custom("conv 4 3x3\nbn\nrelu\nconv 4 3x3\nrelu\nflatten\nlinear classes\n",
                        (esp_shape){3, 6, 6});
  esp_model *n =
      custom("conv 4 3x3\nbn\nrelu\nconv 4 3x3\nflatten\nlinear classes\n", (esp_shape){3, 6, 6});
  float with[4][10], without[4][10];
  logits_of(m, false, with);
  logits_of(n, false, without);
  ck_assert_float_ne(with[0][0], without[0][0]);
  esp_model_free(m);
  esp_model_free(n);
}
END_TEST

/* ---- initial values ---- */

static void moments(const esp_param *p, double *mean, double *deviation) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < p->count; i++) {
    sum += p->value[i];
    squares += (double)p->value[i] * p->value[i];
  }
  *mean = sum / (double)p->count;
  *deviation = sqrt(squares / (double)p->count - *mean * *mean);
}

static void expect_normal(const esp_param *p, double fan) {
  double mean, deviation, expected = sqrt(2 / fan);
  moments(p, &mean, &deviation);
  ck_assert_double_eq_tol(mean, 0, 5 * expected / sqrt((double)p->count));
  ck_assert_double_eq_tol(deviation / expected, 1, 5 / sqrt(2 * (double)p->count));
}

START_TEST(initial_statistics) {
  esp_model *m = custom(
      "conv 64 3x3\nbn\nconv 32 3x3 groups 4\ndepthwise 5x5\nflatten\nlinear 50\nlinear classes\n",
      (esp_shape){16, 4, 4});
  expect_normal(param(m, "conv1.weight"), 64 * 9);
  expect_normal(param(m, "conv2.weight"), 8 * 9);
  expect_normal(param(m, "depthwise1.weight"), 25);
  expect_normal(param(m, "linear1.weight"), 32 * 16);
  ck_assert_float_eq(param(m, "bn1.scale")->value[63], 1);
  ck_assert_float_eq(param(m, "bn1.shift")->value[63], 0);
  ck_assert_float_eq(param(m, "bn1.mean")->value[63], 0);
  ck_assert_float_eq(param(m, "bn1.var")->value[63], 1);
  ck_assert_float_eq(param(m, "linear1.bias")->value[49], 0);
  ck_assert_ptr_null(param(m, "bn1.var")->grad);
  ck_assert_ptr_nonnull(param(m, "bn1.scale")->momentum);
  esp_model_free(m);
}
END_TEST

START_TEST(values_depend_on_name_and_seed_only) {
  esp_model *a = custom("conv 8 3x3\nbn\nflatten\nlinear classes\n", cifar);
  esp_model *b =
      custom("conv 8 3x3\nconv 8 3x3\nconv 8 3x3\nbn\ntanh\nflatten\nlinear classes\n", cifar);
  esp_model_options opt = options("custom", "conv 8 3x3\nbn\nflatten\nlinear classes\n");
  esp_model *c = make_with(&opt, cifar, 2);
  const char *const names[] = {"conv1.weight", "linear1.weight"};
  for (int i = 0; i < 2; i++) {
    const esp_param *p = param(a, names[i]), *q = param(b, names[i]), *r = param(c, names[i]);
    ck_assert_mem_eq(p->value, q->value, p->count * sizeof *p->value);
    ck_assert_mem_ne(p->value, r->value, p->count * sizeof *p->value);
  }
  ck_assert_mem_ne(param(b, "conv2.weight")->value, param(b, "conv3.weight")->value,
                   64 * sizeof(float));
  esp_model_free(a);
  esp_model_free(b);
  esp_model_free(c);
}
END_TEST

START_TEST(initialise_again) {
  esp_model *m = make("lenet5", mnist);
  char before[65], after[65];
  esp_error err;
  esp_params_sha256(&m->params, before);
  esp_param *p = esp_params_find(&m->params, "conv1.weight");
  uint8_t keep[150];
  for (size_t i = 0; i < 150; i++) keep[i] = i % 3 != 0;
  esp_mask mask = {.keep = keep, .count = 150, .kept = 100, .generation = 1};
  ck_assert_int_eq(esp_params_average(&m->params, &err), ESP_OK);
  float first = p->value[0];
  for (int i = 0; i < m->params.count; i++)
    for (size_t k = 0; k < m->params.item[i]->count; k++)
      m->params.item[i]->value[k] = m->params.item[i]->momentum[k] = 3;
  p->mask = &mask;
  p->shadow = aligned_alloc(64, 640);
  esp_model_initialise(m, 1);
  for (size_t i = 0; i < 150; i++) {
    ck_assert_float_eq(p->value[i], keep[i] ? p->shadow[i] : 0);
    ck_assert_float_eq(p->average[i], p->value[i]);
    ck_assert_float_eq(p->momentum[i], 0);
  }
  ck_assert_float_eq(p->shadow[0], first);
  p->mask = NULL;
  esp_model_initialise(m, 1);
  esp_params_sha256(&m->params, after);
  ck_assert_str_eq(before, after);
  esp_model_free(m);
}
END_TEST

/* ---- ways to draw ---- */

/* The weights of a layer drawn one way, and their mean square. */
static const esp_param *draw_layer(esp_model **m, const char *init, double scale,
                                   const char *layers, double *square) {
  esp_model_options opt = options("custom", layers);
  opt.init = (char *)(uintptr_t)init;
  opt.init_scale = scale;
  *m = make_with(&opt, (esp_shape){12, 8, 8}, 1);
  const esp_param *p = (*m)->layer[0].weight;
  *square = 0.0;
  for (size_t i = 0; i < p->count; i++)
    *square += (double)p->value[i] * (double)p->value[i] / (double)p->count;
  return p;
}

/* By hand, of a convolution of 12 channels to 24 by 3x3 in 4 groups: in 3 * 9, out 6 * 9; of a
 * linear layer: in 768, out 10. */
static const struct {
  const char *init, *layers;
  double scale, variance, bound; /* of the largest; 0 = none */
} ways[] = {
    {"he", "conv 24 3x3 groups 4\nflatten\nlinear 10", 0, 2.0 / 54, 0},
    {"he", "flatten\nlinear 10", 0, 2.0 / 768, 0},
    {"he-uniform", "flatten\nlinear 10", 0, 2.0 / 768, 0.0883883},
    {"glorot", "conv 24 3x3 groups 4\nflatten\nlinear 10", 0, 2.0 / 81, 0},
    {"glorot", "flatten\nlinear 10", 0, 2.0 / 778, 0},
    {"glorot-uniform", "flatten\nlinear 10", 0, 2.0 / 778, 0.0878184},
    {"normal", "flatten\nlinear 10", 0.25, 0.0625, 0},
    {"uniform", "flatten\nlinear 10", 0.5, 0.25 / 3, 0.5},
    {"orthogonal", "flatten\nlinear 10", 3, 9.0 / 768, 0},
};

START_TEST(weights_have_the_variance_of_their_way) {
  esp_model *m;
  double square;
  const esp_param *p = draw_layer(&m, ways[_i].init, ways[_i].scale, ways[_i].layers, &square);
  ck_assert_msg(fabs(square / ways[_i].variance - 1.0) < 0.12, "%s: %g, expected %g", ways[_i].init,
                square, ways[_i].variance);
  double largest = 0.0;
  for (size_t i = 0; i < p->count; i++) largest = fmax(largest, fabs((double)p->value[i]));
  if (ways[_i].bound > 0.0)
    ck_assert_msg(largest <= 1.00001 * ways[_i].bound && largest > 0.99 * ways[_i].bound, "%s: %g",
                  ways[_i].init, largest);
  ck_assert_double_eq_tol(esp_layer_deviation(m, &m->layer[0]), sqrt(ways[_i].variance), 1e-12);
  esp_model_free(m);
}
END_TEST

static double along(const esp_param *p, int a, int b, bool rows) {
  const int columns = (int)(p->count / (size_t)p->shape[0]);
  double sum = 0.0;
  for (int i = 0; i < (rows ? columns : p->shape[0]); i++)
    sum += (double)p->value[rows ? a * columns + i : i * columns + a] *
           (double)p->value[rows ? b * columns + i : i * columns + b];
  return sum;
}

/* Fewer outputs than inputs, and more of them: 20 of 768, 200 of 108. */
START_TEST(orthogonal_weights_are_at_right_angles) {
  static const char *const layers[] = {"flatten\nlinear 20\nlinear 10",
                                       "conv 200 3x3\nflatten\nlinear 10"};
  esp_model *m;
  double square;
  const esp_param *p = draw_layer(&m, "orthogonal", 2, layers[_i], &square);
  for (int a = 0; a < 20; a++)
    for (int b = a; b < 20; b++)
      ck_assert_double_eq_tol(along(p, a, b, _i == 0), a == b ? 4.0 : 0.0, 1e-5);
  esp_model_free(m);
}
END_TEST

START_TEST(a_scale_goes_with_ways_that_need_one) {
  esp_model_options opt = options("custom", "flatten\nlinear 10");
  const esp_shape input = {1, 4, 4};
  esp_model *m;
  esp_error err;
  opt.init_scale = 0.5;
  ck_assert_int_eq(esp_model_new(&m, &opt, input, 10, 1, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "[model] init_scale = 0.5 with init = he, which has a"));
  opt.init = "orthogonal";
  opt.init_scale = 0;
  ck_assert_int_eq(esp_model_new(&m, &opt, input, 10, 1, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "init = orthogonal, which needs one"));
}
END_TEST

/* ---- parameters ---- */

START_TEST(params_find_average_swap) {
  esp_params ps = {0};
  esp_param *w, *r, *again;
  esp_error err = {.text = ""};
  ck_assert_int_eq(esp_params_add(&ps, "w", ESP_ROLE_BIAS, 1, (int[]){5}, &w, &err), ESP_OK);
  ck_assert_int_eq(esp_params_add(&ps, "r", ESP_ROLE_RUNNING, 2, (int[]){5, 3}, &r, &err), ESP_OK);
  ck_assert_int_eq(esp_params_add(&ps, "w", ESP_ROLE_BIAS, 1, (int[]){5}, &again, &err),
                   ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "'w'"));
  ck_assert_int_eq(esp_params_add(&ps, "z", ESP_ROLE_BIAS, 1, (int[]){0}, &again, &err),
                   ESP_ERR_INPUT);
  ck_assert_int_eq(esp_params_add(&ps, "z", ESP_ROLE_BIAS, 4,
                                  (int[]){1 << 30, 1 << 30, 1 << 30, 16}, &again, &err),
                   ESP_ERR_INPUT);
  ck_assert_int_eq(esp_params_add(&ps, "", ESP_ROLE_BIAS, 1, (int[]){1}, &again, &err),
                   ESP_ERR_INPUT);
  ck_assert_uint_eq((uintptr_t)w->value % 64, 0);
  ck_assert_uint_eq((uintptr_t)w->grad % 64, 0);
  ck_assert_uint_eq(r->count, 15);
  ck_assert_ptr_null(r->momentum);
  ck_assert_ptr_eq(esp_params_find(&ps, "r"), r);
  ck_assert_ptr_null(esp_params_find(&ps, "q"));
  w->value[2] = 7;
  ck_assert_int_eq(esp_params_average(&ps, &err), ESP_OK);
  ck_assert_ptr_null(r->average);
  w->value[2] = 8;
  const float *value = w->value;
  esp_params_swap_average(&ps);
  ck_assert_ptr_eq(w->value, value);
  ck_assert_float_eq(w->value[2], 7);
  ck_assert_float_eq(w->average[2], 8);
  esp_params_free(&ps);
}
END_TEST

/* sha256 of 00 00 80 3f, 00 00 00 c0: 1 and -2 in little-endian fp32 */
START_TEST(params_sha256_is_over_the_bytes) {
  esp_params ps = {0};
  esp_param *a, *b;
  char hex[65];
  ck_assert_int_eq(esp_params_add(&ps, "a", ESP_ROLE_BIAS, 1, (int[]){1}, &a, NULL), ESP_OK);
  ck_assert_int_eq(esp_params_add(&ps, "b", ESP_ROLE_RUNNING, 1, (int[]){1}, &b, NULL), ESP_OK);
  a->value[0] = 1;
  b->value[0] = -2;
  esp_params_sha256(&ps, hex);
  ck_assert_str_eq(hex, "ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b");
  esp_params_free(&ps);
}
END_TEST

/* ---- width ---- */

static void text_is(double width, const char *layers, const char *expected) {
  char *text;
  esp_error err = {.text = ""};
  esp_model_options opt = options("custom", layers);
  opt.width = width;
  ck_assert_msg(esp_arch_text(&opt, mnist, 10, &text, &err) == ESP_OK, "%s", err.text);
  ck_assert_str_eq(text, expected);
  free(text);
}

/* The channels alone change: not kernels, strides, groups, repeats, sizes of pools, names or
 * comments. */
START_TEST(width_multiplies_channels) {
  text_is(0.5,
          "# conv 64 3x3\nconv 64 3x3 stride 2 groups 2\nrepeat 4\n  linear 10\nend\ngroup 8\nend\n"
          "maxpool 4\nsubsample 6 stride 2\ndropout 0.5\n\nlinear classes",
          "# conv 64 3x3\nconv 32 3x3 stride 2 groups 2\nrepeat 4\n  linear 5\nend\ngroup 8\nend\n"
          "maxpool 4\nsubsample 3 stride 2\ndropout 0.5\n\nlinear classes\n");
  text_is(0.3, "conv 5 3x3\nconv 1 1x1", "conv 2 3x3\nconv 1 1x1\n"); /* 1.5 is 2, 0.3 at least 1 */
  text_is(2, "conv 7 3x3 nobias", "conv 14 3x3 nobias\n");
  text_is(1, "conv 7 3x3", "conv 7 3x3");
}
END_TEST

/* sqrt(0.1) of the channels is about a tenth of the weights: the dense control of 90 % sparsity. */
START_TEST(width_makes_a_control) {
  static const char *const archs[] = {"resnet20", "vgg16", "mobilenet"};
  for (int i = 0; i < 3; i++) {
    esp_model_options opt = options(archs[i], "");
    esp_model *whole = make_with(&opt, cifar, 1);
    opt.width = sqrt(0.1);
    esp_model *narrow = make_with(&opt, cifar, 1);
    const double share = (double)weights(narrow) / (double)weights(whole);
    ck_assert_msg(share > 0.09 && share < 0.115, "%s: %g", archs[i], share);
    esp_model_free(whole);
    esp_model_free(narrow);
  }
}
END_TEST

START_TEST(width_beyond_what_there_is) {
  esp_model *m;
  esp_error err = {.text = ""};
  esp_model_options opt =
      options("custom", "conv 65536 1x1\nglobal_avgpool\nflatten\nlinear classes");
  opt.width = 16;
  ck_assert(esp_model_new(&m, &opt, mnist, 10, 1, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "layers:1") != NULL, "%s", err.text);
}
END_TEST

/* A fault further down is found before gigabytes are taken for what stands above it. */
START_TEST(nothing_is_taken_for_a_network_that_is_not_sound) {
  const double before = esp__peak_rss_mib();
  esp_model_options opt = options("custom", "conv 65536 31x31\nrelu\nflatten\nlinear classes\n");
  esp_model *m;
  esp_error err;
  ck_assert_int_eq(esp_model_new(&m, &opt, cifar, 10, 1, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "layers:1: conv: its output would be 65536x32x32"));
  ck_assert_double_lt(esp__peak_rss_mib(), before + 200.0);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("model");
  TCase *builtin = tcase_create("built-in"), *language = tcase_create("language"),
        *values = tcase_create("values");
  tcase_set_timeout(builtin, 120);
  tcase_add_test(builtin, parameter_counts);
  tcase_add_loop_test(builtin, networks_for_large_images, 0, 4);
  tcase_add_test(builtin, identity_shortcut_has_no_weights);
  tcase_add_test(builtin, every_listed_architecture_builds);
  tcase_add_test(builtin, general_names);
  tcase_add_test(builtin, resnet20_names_and_positions);
  tcase_add_test(builtin, resnet20_macs);
  tcase_add_test(builtin, layers_know_what_follows);
  tcase_add_test(builtin, wrong_architectures);
  tcase_set_timeout(language, 60);
  tcase_add_test(language, built_in_text);
  tcase_add_test(language, text_parses_to_the_same_model);
  tcase_add_test(language, names_within_blocks);
  tcase_add_test(language, deep_nesting_is_limited);
  tcase_add_test(language, windows_have_rows_and_columns);
  tcase_add_loop_test(language, malformed_texts, 0, sizeof malformed / sizeof *malformed);
  tcase_add_test(language, long_lines_and_names);
  tcase_add_test(language, inputs);
  tcase_add_test(language, inputs_of_tokens);
  tcase_add_test(language, layer_kinds_are_listed);
  tcase_add_test(language, fused_batchnorm_gives_equal_results);
  tcase_add_test(language, fused_batchnorm_saves_memory);
  tcase_add_test(language, relu_after_relu_is_its_own);
  tcase_add_test(values, initial_statistics);
  tcase_add_test(values, values_depend_on_name_and_seed_only);
  tcase_add_test(values, initialise_again);
  tcase_add_loop_test(values, weights_have_the_variance_of_their_way, 0,
                      sizeof ways / sizeof *ways);
  tcase_add_loop_test(values, orthogonal_weights_are_at_right_angles, 0, 2);
  tcase_add_test(values, a_scale_goes_with_ways_that_need_one);
  tcase_add_test(values, params_find_average_swap);
  tcase_add_test(values, params_sha256_is_over_the_bytes);
  tcase_add_test(language, width_multiplies_channels);
  tcase_add_test(builtin, width_makes_a_control);
  tcase_add_test(language, width_beyond_what_there_is);
  tcase_add_test(language, nothing_is_taken_for_a_network_that_is_not_sound);
  suite_add_tcase(s, builtin);
  suite_add_tcase(s, language);
  suite_add_tcase(s, values);
  return s;
}

int main(void) {
  return suite_run(suite());
}
