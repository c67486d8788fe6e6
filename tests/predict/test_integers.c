/* The predictor computes the integers of a quantised network: its logits have the bits of the
 * graph's, dense and pruned, with every instruction set. */
#include "forced.h"
#include "kernels/isa.h"
#include "suite.h"

#include <espalier/random.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 2, CLASSES = 10 };

static esp_error err = {.text = ""};

static esp_model *model_of(const char *layers, esp_shape input) {
  esp_model *m;
  char arch[] = "custom", *text = strdup(layers);
  const esp_model_options o = {.arch = arch, .layers = text, .width = 1.0};
  ck_assert_msg(esp_model_new(&m, &o, input, CLASSES, 1, &err) == ESP_OK, "%s", err.text);
  free(text);
  return m;
}

/* Integers of a layer, `kept` of them not 0, and steps such that its sums fill 8 bits at a scale of
 * activations of 1/16. */
static void fill_layer(const esp_layer *layer, double kept, esp_key key) {
  esp_param *w = layer->weight;
  const size_t outputs = (size_t)w->shape[0], each = w->count / outputs;
  const int levels = w->levels;
  const double usual = 1.0 / (60.0 * sqrt((double)each * kept));
  for (size_t o = 0; o < outputs; o++) {
    const float step = (float)(usual * (0.2 + 2.0 * (double)esp_random_uniform(key, o)));
    layer->step->value[o] = o % 11 == 10 ? 0.0f : step;
    if (layer->bias) layer->bias->value[o] = (float)esp_random_normal(key + 1, o);
    for (size_t i = o * each; i < (o + 1) * each; i++) {
      const bool there = (double)esp_random_uniform(key + 2, i) < kept;
      const int q = (int)esp_random_below(key + 3, i, (uint32_t)(2 * levels + 1)) - levels;
      w->value[i] = there ? (float)q * layer->step->value[o] : 0.0f;
    }
  }
}

static void fill(esp_model *m, double kept) {
  for (int i = 0; i < m->params.count; i++) {
    esp_param *p = m->params.item[i];
    if (strstr(p->name, "quantise")) p->value[0] = 0.05f + 0.005f * (float)(i % 7);
  }
  for (int i = 0; i < m->layers; i++) fill_layer(&m->layer[i], kept, (esp_key)(10 * i + 10));
}

static float *random_images(size_t floats) {
  float *x = malloc(floats * sizeof *x);
  for (size_t i = 0; i < floats; i++) x[i] = (float)(2.0 * esp_random_normal(7, i));
  return x;
}

static size_t values_of(const esp_model *m) {
  return (size_t)(m->input.channels * m->input.height * m->input.width);
}

static void run_graph(esp_model *m, const float *x, float *logits) {
  const size_t values = values_of(m);
  float *lanes = aligned_alloc(64, values * ESP_LANES * sizeof *lanes);
  esp_graph *g;
  memset(lanes, 0, values * ESP_LANES * sizeof *lanes);
  for (size_t i = 0; i < IMAGES; i++)
    for (size_t v = 0; v < values; v++) lanes[v * ESP_LANES + i] = x[i * values + v];
  ck_assert_msg(esp_model_graph(m, IMAGES, false, (esp_loss_attr){0}, &g, &err) == ESP_OK, "%s",
                err.text);
  const esp_batch batch = {lanes, NULL, IMAGES};
  esp_graph_forward(g, &batch, (esp_pass){0});
  for (int i = 0; i < IMAGES; i++)
    for (int c = 0; c < CLASSES; c++)
      logits[i * CLASSES + c] = esp_value_at(esp_graph_output(g), i, c, 0, 0);
  esp_graph_free(g);
  free(lanes);
}

/* As a stopwatch chooses. */
static esp_network *chosen(esp_model *m) {
  const float mean[3] = {0}, deviation[3] = {1.0f, 1.0f, 1.0f};
  esp_network *network;
  ck_assert_msg(esp_network_of_model(&network, m, mean, deviation, &err) == ESP_OK, "%s", err.text);
  return network;
}

/* All images at once, on so many threads: whole images on each, or one on all. */
static void run_predictor(esp_network *network, int threads, const float *x, float *logits) {
  esp_predictor *p;
  ck_assert(esp_predictor_new_threads(&p, network, threads, &err) == ESP_OK);
  esp_predict_images(p, x, IMAGES, logits);
  esp_predictor_free(p);
  esp_network_free(network);
}

/* Logits that are all one number would agree whatever was computed. */
static void check_variety(const float *logits, const char *layers) {
  int other = 0;
  for (int i = 1; i < IMAGES * CLASSES; i++) other += logits[i] != logits[0];
  ck_assert_msg(other > CLASSES / 2, "%s: %d logits differ", layers, other);
}

static void check(esp_model *m, const char *layers) {
  float *x = random_images(IMAGES * values_of(m));
  float expected[IMAGES * CLASSES], found[IMAGES * CLASSES];
  const char *isa;
  run_graph(m, x, expected);
  check_variety(expected, layers);
  for (size_t i = 0; (isa = esp__isa_dots_at(i)); i++) {
    setenv("ESPALIER_ISA", isa, 1);
    for (int way = -1; way < FORCED_WAYS; way++) {
      run_predictor(way < 0 ? chosen(m) : network_forced(m, forced_ways[way]), 1, x, found);
      ck_assert_msg(memcmp(expected, found, sizeof found) == 0,
                    "%s, %s, way %d: logit %.9g, expected %.9g", layers, isa, way, (double)found[0],
                    (double)expected[0]);
    }
    unsetenv("ESPALIER_ISA");
  }
  for (int way = -1; way < FORCED_WAYS; way++) {
    const int threads = 2 + (way & 1);
    run_predictor(way < 0 ? chosen(m) : network_forced(m, forced_ways[way]), threads, x, found);
    ck_assert_msg(memcmp(expected, found, sizeof found) == 0, "%s, way %d, %d threads", layers, way,
                  threads);
  }
  free(x);
}

/* The network of the text, quantised to so many bits. */
static void check_quantised(const char *layers, esp_shape input, double kept) {
  char *text;
  esp_model *floats = model_of(layers, input);
  ck_assert_msg(esp_model_quantised_text(floats, 8, &text, &err) == ESP_OK, "%s", err.text);
  esp_model *m = model_of(text, input);
  fill(m, kept);
  check(m, layers);
  esp_model_free(m);
  esp_model_free(floats);
  free(text);
}

/* Shapes that meet edges: channels that fill no word or block, strides, planes of few pixels,
 * windows that are larger, groups, everything that is no convolution. */
static const char *const languages[] = {
    "conv 20 3x3\nbn\nrelu\nconv 33 3x3 stride 2\nbn\nconv 24 1x1 stride 2 nobias\nrelu\n"
    "global_avgpool\nflatten\nlinear 10",
    "conv 6 5x5 pad 0\nrelu\nmaxpool 2\nconv 16 5x5 pad 0\nrelu\navgpool 3 stride 2 pad 1\n"
    "flatten\nlinear 36\nrelu\ndropout 0.5\nreshape 6\nconv 12 1x1 nobias\n"
    "reshape 18 transpose 4\nconv 5 1x3\nreshape 20 transpose 5\nlinear 10 nobias",
    "conv 32 3x3 stride 3\nrelu\nconv 32 3x3 groups 4\nbn\nrelu\ndepthwise 5x5\nbn\n"
    "depthwise 3x3 stride 2\nrelu\nconv 64 1x1 groups 2\nmaxpool 3 stride 2 pad 1\n"
    "conv 48 3x3 stride 2 pad 0 groups 4\nglobal_avgpool\nflatten\nlinear 10",
    "conv 24 10x4 stride 2x1 pad 5x2\nbn\nrelu\nconcat\nconv 9 1x1\nrelu\nbranch\nconv 8 3x3\n"
    "branch\nend\n"
    "residual\nconv 41 3x3\nbn\nend\nrelu\nresidual\nconv 41 3x3\nbn\nshortcut\nconv 41 1x1\nbn\n"
    "end\nresidual\nconv 50 3x3 stride 2\nbn\nshortcut\nsubsample 50 stride 2\nend\nrelu\n"
    "residual\nmaxpool 3 stride 1 pad 1\nend\nglobal_avgpool\nflatten\nlinear 10",
    "conv 64 3x3 stride 4\nrelu\nconv 40 3x3\nrelu\nmaxpool 2\nconv 64 3x3\nbn\nrelu\nmaxpool 2\n"
    "conv 64 3x3\nbn\nrelu\nmaxpool 2 pad 1\nconv 32 3x3\nconv 32 3x3 groups 2\n"
    "conv 24 1x1 pad 1\nflatten\nlinear 10",
};

enum { LANGUAGES = sizeof languages / sizeof *languages, SHAPES = 3 };
static const esp_shape shapes[SHAPES] = {{2, 37, 30}, {3, 32, 32}, {1, 28, 28}};

/* Each with one shape, or with another. */
START_TEST(language) {
  const int l = _i % LANGUAGES;
  for (int i = 0; i < 2; i++)
    check_quantised(languages[l], shapes[(l + _i / LANGUAGES) % SHAPES], i ? 0.1 : 1.0);
}
END_TEST

/* Planes that can be cut into fields, of every shape of stretch: an image below 0 is read as it is
 * and then made in fields, what follows is read there, strides and windows at the edge, residuals,
 * pools of pairs, other pools and layers that are not in fields between them. */
START_TEST(fields) {
  static const char *const layers[] = {
      "conv 20 3x3\nbn\nrelu\nresidual\nconv 20 3x3\nbn\nrelu\nconv 20 3x3\nbn\nend\nrelu\n"
      "residual\nconv 33 3x3 stride 2\nbn\nrelu\nconv 33 3x3\nbn\nshortcut\nconv 33 1x1 stride 2\n"
      "bn\nend\nrelu\ndepthwise 3x3\nbn\nrelu\nconv 40 1x1\nrelu\nmaxpool 2\nconv 24 3x3\nrelu\n"
      "conv 16 3x3\nrelu\nglobal_avgpool\nflatten\nlinear 10",
      "conv 16 5x5\nrelu\nmaxpool 2\nconv 24 3x3\nrelu\nmaxpool 3 stride 1 pad 1\nconv 16 3x3\n"
      "relu\nconv 32 5x5 stride 2\nbn\nconv 20 3x3\nrelu\nmaxpool 2\nconv 12 3x3 groups 4\nrelu\n"
      "conv 8 1x1\nrelu\nflatten\nlinear 10"};
  static const esp_shape sides[] = {{3, 32, 32}, {2, 64, 16}, {1, 40, 56}};
  for (int kept = 0; kept < 2; kept++)
    check_quantised(layers[_i % 2], sides[_i / 2], kept ? 0.1 : 0.8);
}
END_TEST

/* Two scales for the sums of one layer, and tensors of floats that are rounded only. */
START_TEST(written_by_hand) {
  esp_model *m = model_of(
      "quantise\nconv 8 3x3 bits 8\nrelu\nresidual\nquantise\nconv 8 3x3 bits 4\nquantise\n"
      "shortcut\nquantise\nend\nquantise\nflatten\nlinear 10 bits 8",
      (esp_shape){3, 8, 8});
  fill(m, 1.0);
  check(m, "two scales");
  esp_model_free(m);
}
END_TEST

/* A shift so small that sums must be held within 32 bits on the way: scales of activations apart
 * by powers of ten. */
START_TEST(extreme_scales) {
  static const float scales[] = {1e-6f, 1e3f, 1e-9f, 1.0f, 1e6f, 1e-3f, 1e-12f};
  esp_model *m = model_of(
      "quantise\nconv 20 3x3 bits 8\nquantise\nresidual\nconv 20 3x3 bits 8\nquantise\nend\nrelu\n"
      "quantise\nconv 16 3x3 bits 8\nrelu\nquantise\nflatten\nlinear 10 bits 8",
      (esp_shape){2, 9, 7});
  for (int first = 0; first < 7; first++) {
    fill(m, 0.5);
    for (int i = 0, at = first; i < m->params.count; i++)
      if (strstr(m->params.item[i]->name, "quantise"))
        m->params.item[i]->value[0] = scales[at++ % 7];
    for (int i = 0; i < m->layers; i++)
      memset(m->layer[i].bias->value, 0, m->layer[i].bias->count * sizeof(float));
    float *x = random_images(IMAGES * values_of(m)), expected[IMAGES * CLASSES],
          found[IMAGES * CLASSES];
    const char *isa;
    run_graph(m, x, expected);
    for (size_t i = 0; (isa = esp__isa_dots_at(i)); i++) {
      setenv("ESPALIER_ISA", isa, 1);
      run_predictor(chosen(m), 1, x, found);
      unsetenv("ESPALIER_ISA");
      ck_assert_msg(memcmp(expected, found, sizeof found) == 0, "from %d, %s", first, isa);
    }
    free(x);
  }
  esp_model_free(m);
}
END_TEST

/* More than 127 steps do not fit a byte. */
START_TEST(too_large_a_weight) {
  const float none[2] = {0}, one[2] = {1.0f, 1.0f};
  esp_network *n;
  esp_model *m = model_of("flatten\nquantise\nlinear 10 bits 8", (esp_shape){2, 3, 1});
  fill(m, 1.0);
  m->layer[0].weight->value[3] = 128.0f * m->layer[0].step->value[0];
  ck_assert(esp_network_of_model(&n, m, none, one, &err) == ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, "'linear1': a weight is 128 steps; expected at most 127");
  esp_model_free(m);
}
END_TEST

int main(int argc, char **argv) {
  const bool all = argc > 1 && strcmp(argv[1], "all-shapes") == 0;
  Suite *suite = suite_create("integers of the predictor");
  TCase *t = tcase_create("networks");
  tcase_set_timeout(t, 300);
  tcase_add_loop_test(t, language, 0, all ? SHAPES * LANGUAGES : LANGUAGES);
  tcase_add_loop_test(t, fields, 0, all ? 6 : 2);
  tcase_add_test(t, written_by_hand);
  tcase_add_test(t, extreme_scales);
  tcase_add_test(t, too_large_a_weight);
  suite_add_tcase(suite, t);
  return suite_run(suite);
}
