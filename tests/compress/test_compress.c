/* The steps of [compress] on tiny cases worked by hand, and the keys that do not go together. */
#include "suite.h"

#include "compress/kmeans.h"

#include <espalier/compress.h>
#include <espalier/optim.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- k-means ---- */

/* Two groups far apart: whatever the start, the centres are their means, 0.5 and 10.5 (random: both
 * may begin in one group, and part). */
START_TEST(centres_are_means) {
  float number[] = {11.0f, 0.0f, 1.0f, 10.0f}, centre[2];
  ck_assert(esp__kmeans(number, 4, (esp__kmeans_start)_i, 7, centre, 2, NULL) == ESP_OK);
  ck_assert(centre[0] == 0.5f && centre[1] == 10.5f);
}
END_TEST

/* Of -1, 0, 0.25, 1 with three centres from -1 to 1: {-1}, {0, 0.25}, {1}. Of two that are as near
 * the lower takes a number: 0.5 between 0 and 1. */
START_TEST(linear_start_and_ties) {
  float number[] = {-1.0f, 0.0f, 0.25f, 1.0f}, centre[3];
  ck_assert(esp__kmeans(number, 4, ESP_KMEANS_LINEAR, 1, centre, 3, NULL) == ESP_OK);
  ck_assert(centre[0] == -1.0f && centre[1] == 0.125f && centre[2] == 1.0f);
  const float pair[] = {0.0f, 1.0f};
  ck_assert_int_eq(esp__kmeans_nearest(pair, 2, 0.5f), 0);
  ck_assert_int_eq(esp__kmeans_nearest(pair, 2, 0.50001f), 1);
  ck_assert_int_eq(esp__kmeans_nearest(pair, 2, -9.0f), 0);
}
END_TEST

/* Fewer different numbers than centres: each number keeps its own value. */
START_TEST(few_numbers_stay) {
  float number[] = {3.0f, -2.0f, 3.0f}, centre[8];
  ck_assert(esp__kmeans(number, 3, ESP_KMEANS_LINEAR, 1, centre, 8, NULL) == ESP_OK);
  ck_assert(centre[esp__kmeans_nearest(centre, 8, 3.0f)] == 3.0f);
  ck_assert(centre[esp__kmeans_nearest(centre, 8, -2.0f)] == -2.0f);
  float one[] = {0.75f};
  ck_assert(esp__kmeans(one, 1, ESP_KMEANS_LINEAR, 1, centre, 1, NULL) == ESP_OK);
  ck_assert(centre[0] == 0.75f);
}
END_TEST

/* ---- steps on a network ---- */

typedef struct scene {
  esp_model *model;
  esp_mask mask;
  uint8_t keep[8];
  esp_compress_options opt;
} scene;

/* A linear layer of 2 outputs and 4 inputs. */
static void open_scene(scene *s, const char *steps) {
  char arch[] = "custom", layers[] = "flatten\nlinear 2";
  static char linear[] = "linear", straight[] = "straight-through";
  esp_model_options m = {.arch = arch, .layers = layers, .width = 1.0};
  esp_error err;
  *s = (scene){.opt = {.steps = (char *)(uintptr_t)steps,
                       .share_bits = 1,
                       .share_start = linear,
                       .quantise_bits = 8,
                       .quantise_training = straight,
                       .round_bits = 10}};
  ck_assert_msg(esp_model_new(&s->model, &m, (esp_shape){1, 2, 2}, 2, 1, &err) == ESP_OK, "%s",
                err.text);
}

static void make_steps(scene *s) {
  const esp_compress_ctx ctx = {.model = s->model, .before = s->model, .opt = &s->opt, .key = 5};
  for (int i = 0; i < esp_compress_steps(&s->opt); i++)
    ck_assert(esp_compress_make(&ctx, i, NULL) == ESP_OK);
}

static void put_mask(scene *s, esp_param *w, const uint8_t keep[8]) {
  memcpy(s->keep, keep, 8);
  s->mask = (esp_mask){.keep = s->keep};
  w->mask = &s->mask;
  for (size_t i = 0; i < 8; i++) {
    s->mask.kept += keep[i];
    if (!keep[i]) w->value[i] = 0.0f;
  }
}

/* Kept: 1, 1.5, 9, 10.5 become 1.25 and 9.75; what is pruned stays 0, and is no number of a
 * group. */
START_TEST(shared_values) {
  scene s;
  open_scene(&s, "share");
  esp_param *w = s.model->layer[0].weight;
  const float value[8] = {1.0f, 0.0f, 1.5f, 9.0f, 0.0f, 10.5f, 0.0f, 0.0f};
  memcpy(w->value, value, sizeof value);
  put_mask(&s, w, (const uint8_t[8]){1, 0, 1, 1, 0, 1, 0, 0});
  make_steps(&s);
  const float expected[8] = {1.25f, 0.0f, 1.25f, 9.75f, 0.0f, 9.75f, 0.0f, 0.0f};
  ck_assert_mem_eq(w->value, expected, sizeof expected);
  w->mask = NULL;
  esp_model_free(s.model);
}
END_TEST

/* A step of SGD moves a shared value by the sum of its weights' gradients: 1 + 2 at rate 0.5 takes
 * 1.5 off 1.25, 4 - 8 adds 2 to 9.75. What a pruned weight's gradient holds does not count, and
 * momentum, the second time, is that of the value: half of what went before. */
START_TEST(shared_values_move_as_one) {
  scene s;
  open_scene(&s, "share");
  esp_param *w = s.model->layer[0].weight;
  const float value[8] = {1.0f, 0.0f, 1.5f, 9.0f, 0.0f, 10.5f, 0.0f, 0.0f};
  const float grad[8] = {1.0f, 100.0f, 2.0f, 4.0f, 100.0f, -8.0f, 100.0f, 100.0f};
  memcpy(w->value, value, sizeof value);
  put_mask(&s, w, (const uint8_t[8]){1, 0, 1, 1, 0, 1, 0, 0});
  make_steps(&s);
  const esp_train_options o = {.momentum = 0.5};
  memcpy(w->grad, grad, sizeof grad);
  esp_optimiser_step(&s.model->params, &o, 0.5);
  const float once[8] = {-0.25f, 0.0f, -0.25f, 11.75f, 0.0f, 11.75f, 0.0f, 0.0f};
  ck_assert_mem_eq(w->value, once, sizeof once);
  memset(w->grad, 0, sizeof grad);
  esp_optimiser_step(&s.model->params, &o, 0.5);
  const float twice[8] = {-1.0f, 0.0f, -1.0f, 12.75f, 0.0f, 12.75f, 0.0f, 0.0f};
  ck_assert_mem_eq(w->value, twice, sizeof twice);
  w->mask = NULL;
  esp_model_free(s.model);
}
END_TEST

/* Ten bits of mantissa: halves go to even, a carry goes into the exponent, weights are left alone,
 * and 1e-8, which half precision cannot hold, keeps its size. */
START_TEST(rounded_values) {
  static const struct {
    float from, to;
  } cases[] = {{1.0f + 0x1p-11f, 1.0f},
               {1.0f + 0x1.8p-11f, 1.0f + 0x1p-10f},
               {1.0f + 0x3p-11f, 1.0f + 0x2p-10f},
               {2.0f - 0x1p-12f, 2.0f},
               {-3.0f, -3.0f},
               {0.0f, 0.0f}};
  scene s;
  open_scene(&s, "round");
  esp_param *bias = s.model->layer[0].bias, *w = s.model->layer[0].weight;
  w->value[0] = 1.0f + 0x1p-11f;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bias->value[0] = cases[i].from;
    bias->value[1] = 1e-8f;
    make_steps(&s);
    ck_assert_msg(bias->value[0] == cases[i].to, "%a", (double)bias->value[0]);
    ck_assert(fabsf(bias->value[1] - 1e-8f) <= 0x1p-11f * 1e-8f);
  }
  ck_assert(w->value[0] == 1.0f + 0x1p-11f);
  esp_model_free(s.model);
}
END_TEST

/* ---- keys ---- */

static const struct {
  const char *steps;
  esp_numbers epochs;
  int64_t share_bits;
  const char *said; /* NULL: they go together */
} keys[] = {
    {"", {{0}, 1}, 5, NULL},
    {"share round", {{2, 0}, 2}, 3, NULL},
    {"share", {{3}, 1}, 8, NULL},
    {"share share", {{0}, 1}, 5, "'share' stands there twice"},
    {"quantise share", {{0}, 1}, 5, "'share' would change the integers that quantise makes"},
    {"quantise round share", {{0}, 1}, 5, "'share' would change the integers that quantise makes"},
    {"share factorise", {{0}, 1}, 5, "'factorise' would change the shared values that share makes"},
    {"share quantise", {{0}, 1}, 5, "'quantise' would change the shared values that share makes"},
    {"factorise share", {{0}, 1}, 5, NULL},
    {"factorise quantise", {{0}, 1}, 5, NULL},
    {"quantise round", {{0}, 1}, 5, NULL},
    {"share round", {{1, 2, 3}, 3}, 5, "epochs: 3 number(s) for 2 step(s)"},
    {"share", {{0.5}, 1}, 5, "epochs = 0.5: expected whole numbers"},
    {"round", {{0}, 1}, 4, "share_bits = 4 without its step; expected share among the steps"},
};

START_TEST(keys_that_go_together) {
  static char autom[] = "auto", linear[] = "linear", squares[] = "squares", training[] = "training",
              straight[] = "straight-through";
  const esp_compress_options o = {.steps = (char *)(uintptr_t)keys[_i].steps,
                                  .epochs = keys[_i].epochs,
                                  .factorise_method = autom,
                                  .share_bits = keys[_i].share_bits,
                                  .share_start = linear,
                                  .quantise_bits = 8,
                                  .quantise_rule = squares,
                                  .quantise_percentile = 99.99,
                                  .quantise_from = training,
                                  .quantise_images = 256,
                                  .quantise_training = straight,
                                  .round_bits = 10};
  esp_error err = {0};
  const esp_status status = esp_compress_check(&o, &err);
  if (!keys[_i].said) {
    ck_assert_msg(status == ESP_OK, "%s", err.text);
  } else {
    ck_assert_int_eq(status, ESP_ERR_INPUT);
    ck_assert_msg(strstr(err.text, keys[_i].said), "%s", err.text);
  }
}
END_TEST

/* A share that no rule reads. */
START_TEST(a_percentile_belongs_to_its_rule) {
  esp_compress_options o = {.steps = (char[]){"quantise"},
                            .epochs = {{0}, 1},
                            .factorise_method = (char[]){"auto"},
                            .share_bits = 5,
                            .share_start = (char[]){"linear"},
                            .quantise_bits = 8,
                            .quantise_rule = (char[]){"max"},
                            .quantise_percentile = 99,
                            .quantise_from = (char[]){"training"},
                            .quantise_images = 256,
                            .quantise_training = (char[]){"straight-through"},
                            .round_bits = 10};
  esp_error err = {0};
  ck_assert_int_eq(esp_compress_check(&o, &err), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text,
                   "[compress] quantise_percentile = 99 with quantise_rule = max, which does not "
                   "read it: expected no such line, or quantise_rule = percentile");
  o.quantise_rule = (char[]){"percentile"};
  ck_assert_msg(esp_compress_check(&o, &err) == ESP_OK, "%s", err.text);
}
END_TEST

START_TEST(epochs_of_steps) {
  esp_compress_options o = {.steps = (char[]){"share round"}, .epochs = {{4}, 1}};
  ck_assert_int_eq(esp_compress_steps(&o), 2);
  ck_assert(esp_compress_epochs(&o, 0) == 4 && esp_compress_epochs(&o, 1) == 4);
  o.epochs = (esp_numbers){{4, 1}, 2};
  ck_assert(esp_compress_epochs(&o, 0) == 4 && esp_compress_epochs(&o, 1) == 1);
  ck_assert_str_eq(esp_compress_step_of(&o, 1)->name, "round");
  ck_assert_ptr_null(esp_compress_step_of(&o, 2));
}
END_TEST

/* ---- steps from outside ---- */

static esp_status nothing(const esp_compress_ctx *ctx, esp_error *err) {
  (void)ctx;
  (void)err;
  return ESP_OK;
}

START_TEST(registered_steps) {
  static const esp_compress_step mine = {.name = "mine", .help = "nothing", .make = nothing};
  static const esp_compress_step refused[] = {
      {.name = NULL, .help = "x", .make = nothing},
      {.name = "Mine", .help = "x", .make = nothing},
      {.name = "share", .help = "x", .make = nothing},
      {.name = "other", .make = nothing},
      {.name = "other", .help = "x"},
      {.name = "mine", .help = "x", .make = nothing},
  };
  esp_error err = {0};
  ck_assert_msg(esp_compress_step_register(&mine, &err) == ESP_OK, "%s", err.text);
  ck_assert_ptr_eq(esp_compress_step_find("mine"), &mine);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    ck_assert_int_eq(esp_compress_step_register(&refused[i], &err), ESP_ERR_INPUT);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("compress");
  TCase *t = tcase_create("compress");
  tcase_add_loop_test(t, centres_are_means, 0, 3);
  tcase_add_test(t, linear_start_and_ties);
  tcase_add_test(t, few_numbers_stay);
  tcase_add_test(t, shared_values);
  tcase_add_test(t, shared_values_move_as_one);
  tcase_add_test(t, rounded_values);
  tcase_add_loop_test(t, keys_that_go_together, 0, sizeof keys / sizeof *keys);
  tcase_add_test(t, a_percentile_belongs_to_its_rule);
  tcase_add_test(t, epochs_of_steps);
  tcase_add_test(t, registered_steps);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
