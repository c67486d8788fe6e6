/* Networks that prune at run time: gates and thresholds, in the layer language and put into other
 * networks. */
#include "suite.h"

#include <espalier/model.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const esp_shape cifar = {3, 32, 32}, small = {2, 6, 5};

static esp_model_options options(const char *arch, const char *layers) {
  return (esp_model_options){.arch = (char *)(uintptr_t)arch,
                             .input = (char *)(uintptr_t) "",
                             .layers = (char *)(uintptr_t)layers,
                             .weights = (char *)(uintptr_t) "",
                             .shortcut = (char *)(uintptr_t) "projection",
                             .width = 1.0};
}

static esp_model *make(const esp_model_options *opt, esp_shape input) {
  esp_model *m;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_model_new(&m, opt, input, 10, 1, &err) == ESP_OK, "%s", err.text);
  return m;
}

/* ---- texts ---- */

static void becomes(esp_model_options opt, const char *expected) {
  char *text;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_arch_text(&opt, cifar, 10, &text, &err) == ESP_OK, "%s", err.text);
  ck_assert_str_eq(text, expected);
  free(text);
}

/* Behind the relu, or where there is none behind the batch norm; not in shortcuts, nor without
 * batch norm. */
START_TEST(gates_are_put_behind_convolutions) {
  esp_model_options opt = options(
      "custom",
      "conv 8 3x3\n\n  bn # norm\nrelu\nresidual\n  conv 8 1x1\n  bn\nshortcut\n  group s\n"
      "    conv 8 1x1\n"
      "    bn\n  end\nend\nrelu\ndepthwise 3x3\nbn\nconv 4 1x1\nrelu\nconv 4 1x1\nbn\ntanh\n"
      "conv 4 1x1\nbn");
  opt.gate_density = 0.25;
  opt.gate_penalty = 1e-8;
#define GATE "gate 0.25 penalty 0.00000001\n"
  becomes(opt, "conv 8 3x3\n\n  bn # norm\nrelu\n" GATE "residual\n  conv 8 1x1\n  bn\n" GATE
               "shortcut\n  group s\n    conv 8 1x1\n    bn\n  end\nend\nrelu\ndepthwise 3x3\nbn\n"
               "conv 4 1x1\nrelu\n"
               "conv 4 1x1\nbn\n" GATE "tanh\nconv 4 1x1\nbn\n" GATE);
  opt.gate_density = 0;
  opt.gate_penalty = 1;
  becomes(opt, opt.layers);
}
END_TEST

START_TEST(relus_become_thresholds) {
  esp_model_options opt = options("custom", "conv 8 3x3\nbn\n  relu\nleaky_relu\n");
  opt.relu_threshold = 0.125;
  becomes(opt, "conv 8 3x3\nbn\n  fatrelu 0.125\nleaky_relu\n");
  opt.relu_zeros = 0.7; /* goes before */
  becomes(opt, "conv 8 3x3\nbn\n  share_relu 0.7\nleaky_relu\n");
  opt.gate_density = 1;
  becomes(opt, "conv 8 3x3\nbn\n  share_relu 0.7\n  gate 1.0\nleaky_relu\n");
}
END_TEST

/* ---- models ---- */

START_TEST(built_in_networks_get_gates) {
  static const struct {
    const char *arch;
    int gates;
  } known[] = {{"vgg16", 13}, {"resnet20", 1 + 9 * 2}, {"mobilenet", 1 + 13}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    esp_model_options opt = options(known[i].arch, "");
    opt.gate_density = 0.5;
    esp_model *m = make(&opt, cifar);
    int gates = 0;
    for (int k = 1; k < m->layers; k++) {
      const esp_layer *l = &m->layer[k], *conv = l - 1;
      if (!strstr(l->name, "gate")) continue;
      gates++;
      ck_assert_int_eq(l->weight->shape[0], conv->weight->shape[0]);
      ck_assert_int_eq(l->weight->shape[1], conv->weight->shape[1]);
      for (size_t c = 0; c < l->bias->count; c++) ck_assert(l->bias->value[c] == 1.0f);
    }
    ck_assert_int_eq(gates, known[i].gates);
    esp_model_free(m);
  }
}
END_TEST

/* Of 10 channels; what a decimal in binary is above three channels is no channel. */
START_TEST(gates_keep_their_share_of_each_image) {
  static const struct {
    const char *density;
    int kept;
  } known[] = {{"0.3", 3}, {"0.31", 4}, {"0.01", 1}, {"1", 10}, {"0.7", 7}};
  enum { IMAGES = 20 };
  float images[2 * 2 * 6 * 5 * ESP_LANES];
  for (size_t i = 0; i < sizeof images / sizeof *images; i++)
    images[i] = esp_random_uniform(3, i) - 0.5f;
  char text[128];
  snprintf(text, sizeof text, "conv 10 3x3\nbn\ngate %s\nglobal_avgpool\nflatten\nlinear classes",
           known[_i].density);
  esp_model_options opt = options("custom", text);
  esp_model *m = make(&opt, small);
  esp_graph *g;
  const esp_batch batch = {images, NULL, IMAGES};
  ck_assert(esp_model_graph(m, IMAGES, true, (esp_loss_attr){0}, &g, NULL) == ESP_OK);
  esp_graph_forward(g, &batch, (esp_pass){.training = true});
  const esp_tensor *x = esp_graph_activity(g, esp_params_find(&m->params, "linear1.weight")).input;
  for (int i = 0; i < IMAGES; i++) {
    int kept = 0;
    for (int c = 0; c < 10; c++) kept += esp_plane(x, i / ESP_LANES, c)[i % ESP_LANES] != 0.0f;
    ck_assert_int_eq(kept, known[_i].kept);
  }
  esp_graph_free(g);
  esp_model_free(m);
}
END_TEST

static const struct {
  const char *layers, *expected;
} wrong[] = {
    {"conv 4 3x3\ngate 0\n", "gate: the density is '0', expected a number above 0, up to 1"},
    {"conv 4 3x3\ngate 1.01\n", "the density is '1.01'"},
    {"conv 4 3x3\ngate\n", "gate: there is no 'DENSITY'"},
    {"conv 4 3x3\ngate 0.5 penalty\n", "there is no number after 'penalty'"},
    {"conv 4 3x3\ngate 0.5 penalty -1\n", "the penalty is '-1'"},
    {"conv 4 3x3\ngate 0.5 penalty 1e9\n", "the penalty is '1e9'"},
    {"conv 4 3x3\ngate 0.5 rate 1\n", "gate: unexpected 'rate'"},
    {"gate 0.5\n", "layers:1: a gate belongs behind a conv"},
    {"conv 4 3x3\nmaxpool 2\ngate 0.5\n", "layers:3: a gate belongs behind a conv"},
    {"conv 4 3x3\ngate 0.5\ngate 0.5\n", "layers:3: a gate belongs behind a conv"},
    {"flatten\nlinear 10\ngate 0.5\n", "layers:3: a gate belongs behind a conv"},
    {"fatrelu -1\n", "the threshold is '-1', expected a number from 0 to 1000"},
    {"fatrelu 1001\n", "the threshold is '1001'"},
    {"share_relu 1\n", "the share of zeros is '1', expected a number from 0 to below 1"},
};

START_TEST(malformed_lines) {
  esp_model *m;
  esp_error err = {.text = ""};
  const esp_model_options opt = options("custom", wrong[_i].layers);
  ck_assert_int_eq(esp_model_new(&m, &opt, small, 10, 1, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, wrong[_i].expected) != NULL, "%s", err.text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("variants");
  TCase *all = tcase_create("variants");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, gates_are_put_behind_convolutions);
  tcase_add_test(all, relus_become_thresholds);
  tcase_add_test(all, built_in_networks_get_gates);
  tcase_add_loop_test(all, gates_keep_their_share_of_each_image, 0, 5);
  tcase_add_loop_test(all, malformed_lines, 0, sizeof wrong / sizeof *wrong);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
