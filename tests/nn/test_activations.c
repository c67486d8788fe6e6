/* Activations from outside the tree: registered, named in the layer language, trained, shrunk. */
#include "suite.h"

#include <espalier/model.h>
#include <espalier/optim.h>
#include <espalier/prune.h>

#include <stdio.h>
#include <string.h>

/* A slope of 1/2 below zero. */
static float half(float x) {
  return x > 0.0f ? x : 0.5f * x;
}
static float half_slope(float x, float y) {
  (void)y;
  return x > 0.0f ? 1.0f : 0.5f;
}

static float lifted(float x) {
  return x + 1.0f;
}
static float lifted_slope(float x, float y) {
  (void)x;
  (void)y;
  return 1.0f;
}

static const esp_activation_kind kinds[] = {
    {"half_relu", "x above zero, x / 2 below", half, half_slope, true},
    {"lifted", "x + 1", lifted, lifted_slope, false},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void register_all(void) {
  esp_error err = {.text = ""};
  for (int i = 0; i < KINDS; i++)
    ck_assert_msg(esp_activation_register(&kinds[i], &err) == ESP_OK, "%s", err.text);
}

static esp_model *model_of(const char *layers, esp_shape input, int classes) {
  const esp_model_options opt = {
      .arch = (char *)(uintptr_t) "custom", .layers = (char *)(uintptr_t)layers, .width = 1.0};
  esp_model *m;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_model_new(&m, &opt, input, classes, 1, &err) == ESP_OK, "%s", err.text);
  return m;
}

static esp_graph *graph_of(esp_model *m, int batch, bool gradients) {
  esp_graph *g;
  esp_error err = {.text = ""};
  ck_assert_msg(esp_model_graph(m, batch, gradients, (esp_loss_attr){ESP_LOSS_MEAN_SQUARED, 0.0f},
                                &g, &err) == ESP_OK,
                "%s", err.text);
  return g;
}

/* ---- the table ---- */

START_TEST(a_registered_activation_is_a_layer) {
  size_t before = 0;
  while (esp_layer_keyword(before)) before++;
  register_all();
  for (size_t i = 0; i < KINDS; i++) {
    ck_assert_ptr_eq(esp_activation_at(i), &kinds[i]);
    ck_assert_str_eq(esp_layer_keyword(before + i), kinds[i].name);
    ck_assert_str_eq(esp_layer_arguments(before + i), "");
    ck_assert_str_eq(esp_layer_help(before + i), kinds[i].help);
  }
  ck_assert_ptr_null(esp_activation_at(KINDS));
  ck_assert_ptr_null(esp_layer_keyword(before + KINDS));
}
END_TEST

START_TEST(a_misspelt_one_is_suggested) {
  esp_model *m;
  esp_error err = {.text = ""};
  const esp_model_options opt = {.arch = (char *)(uintptr_t) "custom",
                                 .layers = (char *)(uintptr_t) "half_rellu\n",
                                 .width = 1.0};
  register_all();
  ck_assert_int_eq(esp_model_new(&m, &opt, (esp_shape){1, 1, 1}, 1, 1, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "did you mean 'half_relu'?") != NULL, "%s", err.text);
}
END_TEST

static const struct {
  esp_activation_kind kind;
  const char *says;
} refused[] = {
    {{"conv", "", half, half_slope, true}, "there is a layer of that name already"},
    {{"relu", "", half, half_slope, true}, "there is a layer of that name already"},
    {{"end", "", half, half_slope, true}, "there is a layer of that name already"},
    {{"half_relu", "", half, half_slope, true}, "there is a layer of that name already"},
    {{"", "", half, half_slope, true}, "begins with a letter"},
    {{NULL, "", half, half_slope, true}, "begins with a letter"},
    {{"2x", "", half, half_slope, true}, "begins with a letter"},
    {{"two words", "", half, half_slope, true}, "begins with a letter"},
    {{"a23456789012345678901234567890123", "", half, half_slope, true}, "up to 32 letters"},
    {{"none", "", NULL, half_slope, true}, "expected f, slope and help"},
    {{"none", "", half, NULL, true}, "expected f, slope and help"},
    {{"none", NULL, half, half_slope, true}, "expected f, slope and help"},
    {{"none", "", half, half_slope, false}, "f(0) = 0, but keeps_zero is false"},
    {{"none", "", lifted, lifted_slope, true}, "f(0) = 1, but keeps_zero is true"},
};

START_TEST(collisions_and_nonsense_are_refused) {
  esp_error err = {.text = ""};
  register_all();
  ck_assert_int_eq(esp_activation_register(&refused[_i].kind, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s", err.text);
  ck_assert_ptr_null(strchr(err.text, '\n'));
  ck_assert_ptr_null(esp_activation_at(KINDS));
}
END_TEST

START_TEST(there_is_an_end) {
  static char name[ESP_ACTIVATION_KINDS_MAX + 1][8];
  static esp_activation_kind many[ESP_ACTIVATION_KINDS_MAX + 1];
  esp_error err = {.text = ""};
  for (int i = 0; i <= ESP_ACTIVATION_KINDS_MAX; i++) {
    snprintf(name[i], sizeof name[i], "act%d", i);
    many[i] = (esp_activation_kind){name[i], "", half, half_slope, true};
    ck_assert_int_eq(esp_activation_register(&many[i], &err),
                     i < ESP_ACTIVATION_KINDS_MAX ? ESP_OK : ESP_ERR_INPUT);
  }
  ck_assert_str_eq(err.text, "activation 'act32': there are 32 already, expected no more");
}
END_TEST

/* ---- networks ---- */

/* A pixel of value x through a weight w, the activation and a second weight v: logit v f(w x). With
 * the loss (logit - 1)^2: d / dv = 2 (logit - 1) f(w x), d / dw = 2 (logit - 1) v f'(w x) x. */
START_TEST(a_network_by_hand) {
  static const struct {
    const char *layers;
    float w, logit, dv, dw;
  } cases[] = {
      {"conv 1 1x1 nobias\nhalf_relu\nflatten\nlinear classes nobias\n", 3.0f, 12.0f, 132.0f,
       88.0f},
      {"conv 1 1x1 nobias\nhalf_relu\nflatten\nlinear classes nobias\n", -3.0f, -6.0f, 42.0f,
       -28.0f},
      {"conv 1 1x1 nobias\nlifted\nflatten\nlinear classes nobias\n", 3.0f, 14.0f, 182.0f, 104.0f},
  };
  static _Alignas(64) float image[ESP_LANES];
  static const int32_t label[1] = {0};
  const float v = 2.0f, x = 2.0f;
  register_all();
  esp_model *m = model_of(cases[_i].layers, (esp_shape){1, 1, 1}, 1);
  esp_graph *g = graph_of(m, 1, true);
  image[0] = x;
  m->layer[0].weight->value[0] = cases[_i].w;
  m->layer[1].weight->value[0] = v;
  const esp_batch batch = {image, label, 1};
  const esp_outcome outcome = esp_graph_forward(g, &batch, (esp_pass){.training = true});
  esp_graph_backward(g);
  const float logit = esp_value_at(esp_graph_output(g), 0, 0, 0, 0);
  ck_assert_float_eq(logit, cases[_i].logit);
  ck_assert_double_eq(outcome.loss_sum, (double)((logit - 1.0f) * (logit - 1.0f)));
  ck_assert_float_eq(m->layer[1].weight->grad[0], cases[_i].dv);
  ck_assert_float_eq(m->layer[0].weight->grad[0], cases[_i].dw);
  esp_graph_free(g);
  esp_model_free(m);
}
END_TEST

/* The second of four filters is zero: its channel can go where f(0) = 0, and only there. */
START_TEST(shrinking_goes_by_f_of_zero) {
  static const struct {
    const char *layers;
    int left;
  } cases[] = {
      {"conv 4 3x3 nobias\nhalf_relu\nconv 3 3x3 nobias\nglobal_avgpool\nflatten\nlinear classes\n",
       3},
      {"conv 4 3x3 nobias\nlifted\nconv 3 3x3 nobias\nglobal_avgpool\nflatten\nlinear classes\n",
       4},
  };
  esp_model *small;
  esp_error err = {.text = ""};
  register_all();
  esp_model *m = model_of(cases[_i].layers, (esp_shape){2, 6, 6}, 3);
  memset(m->layer[0].weight->value + 18, 0, 18 * sizeof(float));
  ck_assert_msg(esp_shrink(m, 1, &small, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(small->layer[0].weight->shape[0], cases[_i].left);
  esp_model_free(small);
  esp_model_free(m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("activations from outside");
  TCase *all = tcase_create("activations");
  tcase_add_test(all, a_registered_activation_is_a_layer);
  tcase_add_test(all, a_misspelt_one_is_suggested);
  tcase_add_loop_test(all, collisions_and_nonsense_are_refused, 0,
                      sizeof refused / sizeof *refused);
  tcase_add_test(all, there_is_an_end);
  tcase_add_loop_test(all, a_network_by_hand, 0, 3);
  tcase_add_loop_test(all, shrinking_goes_by_f_of_zero, 0, 2);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
