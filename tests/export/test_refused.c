/* What cannot be exported is refused in one line, and nothing is written. */
#include "folder.h"
#include "suite.h"

#include <espalier/export.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *names[] = {(char[]){"ant"}, (char[]){"bee"}, NULL};
static const float mean[1] = {0.5f}, std_[1] = {0.25f};

static float cube(float x) {
  return x * x * x;
}
static float cube_slope(float x, float y) {
  (void)y;
  return 3.0f * x * x;
}
static const esp_activation_kind cube_kind = {
    .name = "cube", .help = "x^3", .f = cube, .slope = cube_slope, .keeps_zero = true};

static esp_model *model_of(const char *layers) {
  esp_model_options opt = {.arch = (char[]){"custom"}, .width = 1.0};
  esp_model *m;
  esp_error err;
  opt.layers = strdup(layers);
  ck_assert_msg(esp_model_new(&m, &opt, (esp_shape){1, 4, 4}, 2, 1, &err) == ESP_OK, "%s",
                err.text);
  free(opt.layers);
  return m;
}

static void expect(esp_model *m, const char *path, esp_status status, const char *text) {
  const esp_export_source s = {m, names, mean, std_};
  esp_error err;
  ck_assert_int_eq((int)esp_export_onnx(&s, ESP_ONNX_DENSE, path, &err), (int)status);
  ck_assert_msg(strstr(err.text, text), "%s", err.text);
  ck_assert_int_ne(access(path, F_OK), 0);
}

START_TEST(an_activation_from_outside_has_no_operator) {
  esp_error err;
  ck_assert(esp_activation_register(&cube_kind, &err) == ESP_OK);
  esp_model *m = model_of("flatten\ncube\nlinear classes\n");
  expect(m, "refused.onnx", ESP_ERR_INPUT, "layer cube: an activation from outside");
  esp_model_free(m);
}
END_TEST

/* What the step quantise leaves, and lines by hand that a program in C has no function for. */
static const struct {
  const char *layers, *said; /* NULL: it is written */
} integers[] = {
    {"flatten\nquantise\nlinear 3 bits 8\nrelu\nquantise\nlinear classes bits 8", NULL},
    {"maxpool 2\nquantise\nflatten\nlinear classes bits 8",
     "maxpool_1: a quantised network that a program in C is not written for; expected one line "
     "'quantise' before all others"},
    {"concat\n  quantise\nbranch\n  quantise\nend\nquantise\nflatten\nlinear classes bits 8",
     "expected one line 'quantise' before all others"},
    {"quantise\nflatten\nlinear classes bits 8\nquantise",
     "expected a convolution or linear layer at the end"},
};

START_TEST(integers_begin_at_the_pixels_and_end_as_sums) {
  char *folder = folder_make(), path[FOLDER_PATH_MAX];
  esp_model *m = model_of(integers[_i].layers);
  const esp_export_source s = {m, names, mean, std_};
  const esp_status wanted = integers[_i].said ? ESP_ERR_INPUT : ESP_OK;
  esp_c_sizes sizes;
  esp_error err = {.text = ""};
  snprintf(path, sizeof path, "%s/net.c", folder);
  ck_assert_int_eq((int)esp_export_c(&s, path, &sizes, &err), (int)wanted);
  ck_assert_msg(!integers[_i].said || strstr(err.text, integers[_i].said), "%s", err.text);
  ck_assert_int_eq(unlink(path) == 0, wanted == ESP_OK);
  path[strlen(path) - 1] = 'h';
  unlink(path);
  ck_assert_int_eq(rmdir(folder), 0);
  free(folder);
  esp_model_free(m);
}
END_TEST

/* Keys of a sound that another network was trained with. */
START_TEST(sounds_have_the_shape_of_the_network) {
  char *folder = folder_make(), path[FOLDER_PATH_MAX];
  esp_model *m = model_of("flatten\nlinear classes\n");
  const esp_audio_options audio = {.rate = 8000,
                                   .seconds = 0.1,
                                   .window = 20.0,
                                   .hop = 10.0,
                                   .bands = 4,
                                   .layout = (char[]){"picture"}};
  const esp_export_source s = {m, names, mean, std_, .features = true, .audio = &audio};
  esp_c_sizes sizes;
  esp_error err;
  snprintf(path, sizeof path, "%s/net.c", folder);
  ck_assert_int_eq((int)esp_export_c(&s, path, &sizes, &err), (int)ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "9 frames of 4 bands"), "%s", err.text);
  ck_assert_int_eq(rmdir(folder), 0);
  free(folder);
  esp_model_free(m);
}
END_TEST

START_TEST(weights_must_be_numbers) {
  esp_model *m = model_of("flatten\nlinear classes\n");
  m->params.item[0]->value[3] = NAN;
  expect(m, "refused.onnx", ESP_ERR_INPUT, "linear1.weight: has a value that is no finite number");
  esp_model_free(m);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_named) {
  esp_model *m = model_of("flatten\nlinear classes\n");
  expect(m, "no/such/folder/net.onnx", ESP_ERR_IO, "no/such/folder/net.onnx");
  esp_model_free(m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("refused");
  TCase *all = tcase_create("refused");
  tcase_add_test(all, an_activation_from_outside_has_no_operator);
  tcase_add_loop_test(all, integers_begin_at_the_pixels_and_end_as_sums, 0,
                      sizeof integers / sizeof *integers);
  tcase_add_test(all, sounds_have_the_shape_of_the_network);
  tcase_add_test(all, weights_must_be_numbers);
  tcase_add_test(all, a_place_that_cannot_be_written_is_named);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
