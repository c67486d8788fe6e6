/* Sets that are no pictures: tokens and features reach the batch as they should, are measured and
 * drawn like pixels. */
#include "suite.h"

#include <espalier/data.h>
#include <espalier/tensor.h>

#include <stdlib.h>
#include <string.h>

enum { COUNT = 6, LENGTH = 3 };

static esp_error err;
static int vocabulary = 1000 * COUNT;

/* Six images of 2x1x3 features, or of three tokens, numbered in their values. */
static esp_status fill(esp_dataset *set, esp_images *images) {
  const int values = set->shape.channels * LENGTH;
  images->values = calloc((size_t)(COUNT * values), esp_element_bytes(set->element));
  images->labels = calloc(COUNT, sizeof *images->labels);
  for (int i = 0; i < COUNT * values; i++) {
    const int number = 1000 * (i / values) + i % values;
    if (set->element == ESP_TOKENS) images->tokens[i] = (uint16_t)number;
    if (set->element == ESP_FEATURES)
      images->features[i] = i % values < LENGTH ? (float)(i / values % 2 ? -3 : 5) : 0.25f;
  }
  for (int i = 0; i < COUNT; i++) images->labels[i] = i / 3;
  images->count = COUNT;
  return ESP_OK;
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *e) {
  (void)opt, (void)wanted, (void)seed, (void)e;
  set->shape = set->element == ESP_TOKENS ? (esp_shape){1, 1, LENGTH, .vocabulary = vocabulary}
                                          : (esp_shape){2, 1, LENGTH, 0};
  set->classes = 2;
  set->class_name = calloc(2, sizeof *set->class_name);
  set->class_name[0] = strdup("low");
  set->class_name[1] = strdup("high");
  ESP_TRY(fill(set, &set->train));
  return fill(set, &set->test);
}

static const esp_dataset_kind kind[] = {
    [ESP_PIXELS] = {.name = "pixels", .help = "numbered", .load = load},
    [ESP_TOKENS] = {.name = "tokens", .help = "numbered", .load = load, .element = ESP_TOKENS},
    [ESP_FEATURES] = {
        .name = "features", .help = "numbered", .load = load, .element = ESP_FEATURES}};

static esp_status open_set(esp_dataset **set, esp_element what, esp_data_options opt) {
  if (!esp_dataset_kind_find(kind[what].name))
    ck_assert_int_eq(esp_dataset_kind_register(&kind[what], &err), ESP_OK);
  opt.dataset = (char *)kind[what].name;
  opt.tasks = (char[]){""};
  return esp_dataset_load(set, &opt, (esp_shape){0}, 1, &err);
}

/* The value of an image in the only batch. */
static float value_of(const esp_batch *b, int image, int value) {
  return b->images[value * ESP_LANES + image];
}

START_TEST(tokens_stay_what_they_are) {
  esp_dataset *set;
  esp_loader *loader;
  ck_assert_int_eq(open_set(&set, ESP_TOKENS, (esp_data_options){0}), ESP_OK);
  ck_assert_int_eq(
      esp_loader_new(&loader, set, &set->test, (esp_loader_options){.batch = COUNT}, &err), ESP_OK);
  esp_loader_start(loader, 0, 0);
  const esp_batch *b = esp_loader_next(loader);
  for (int i = 0; i < ESP_LANES; i++)
    for (int t = 0; t < LENGTH; t++)
      ck_assert_float_eq(value_of(b, i, t), i < COUNT ? (float)(1000 * i + t) : 0.0f);
  esp_loader_free(loader);
  esp_dataset_free(set);
}
END_TEST

START_TEST(features_are_measured_by_channel) {
  esp_dataset *set;
  esp_loader *loader;
  ck_assert_int_eq(open_set(&set, ESP_FEATURES, (esp_data_options){0}), ESP_OK);
  ck_assert_float_eq(set->mean[0], 1.0f); /* of 5 and -3, as often */
  ck_assert_float_eq(set->std[0], 4.0f);
  ck_assert_float_eq(set->mean[1], 0.25f);
  ck_assert_float_eq(set->std[1], 1.0f); /* it is constant */
  ck_assert_int_eq(
      esp_loader_new(&loader, set, &set->test, (esp_loader_options){.batch = COUNT}, &err), ESP_OK);
  esp_loader_start(loader, 0, 0);
  const esp_batch *b = esp_loader_next(loader);
  for (int i = 0; i < COUNT; i++) {
    ck_assert_float_eq(value_of(b, i, 2), i % 2 ? -1.0f : 1.0f);
    ck_assert_float_eq(value_of(b, i, LENGTH), 0.0f);
  }
  esp_loader_free(loader);
  esp_dataset_free(set);
}
END_TEST

START_TEST(tokens_are_below_the_vocabulary) {
  esp_dataset *set;
  vocabulary = 1000 * (COUNT - 1) + LENGTH - 1; /* the last token's number */
  ck_assert_int_eq(open_set(&set, ESP_TOKENS, (esp_data_options){0}), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text,
                   "data set 'tokens': expected tokens from 0 to one less than the vocabulary");
  vocabulary++;
  ck_assert_int_eq(open_set(&set, ESP_TOKENS, (esp_data_options){0}), ESP_OK);
  esp_dataset_free(set);
  vocabulary = 0;
  ck_assert_int_eq(open_set(&set, ESP_TOKENS, (esp_data_options){0}), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, "data set 'tokens': expected tokens and a vocabulary, or neither");
}
END_TEST

static esp_status load_others(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                              esp_key seed, esp_error *e) {
  set->element = ESP_FEATURES;
  return load(set, opt, wanted, seed, e);
}

/* Who reads a kind's element reads what its sets have: exporters, and words of augment. */
START_TEST(a_set_has_what_its_kind_announces) {
  static const esp_dataset_kind others = {"others", "of features", .load = load_others};
  const esp_data_options opt = {.dataset = (char[]){"others"}, .tasks = (char[]){""}};
  esp_dataset *set;
  ck_assert_int_eq(esp_dataset_kind_register(&others, &err), ESP_OK);
  ck_assert_int_eq(esp_dataset_load(&set, &opt, (esp_shape){0}, 1, &err), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text,
                   "data set 'others': expected values of the sort that the kind announces");
}
END_TEST

START_TEST(splits_move_whole_images) {
  esp_dataset *set;
  ck_assert_int_eq(open_set(&set, ESP_TOKENS, (esp_data_options){.train = 4, .validation = 2}),
                   ESP_OK);
  ck_assert_uint_eq(set->train.count, 2);
  ck_assert_uint_eq(set->validation.count, 2);
  const esp_images *split[] = {&set->train, &set->validation};
  for (int s = 0; s < 2; s++)
    for (uint32_t i = 0; i < 2; i++) {
      const uint16_t *token = split[s]->tokens + i * LENGTH;
      ck_assert_int_eq(token[0] / 3000, split[s]->labels[i]);
      for (int t = 0; t < LENGTH; t++) ck_assert_int_eq(token[t], token[0] + t);
    }
  esp_dataset_free(set);
}
END_TEST

START_TEST(a_digest_sees_every_byte) {
  esp_dataset *set;
  esp_dataset_digests before, after;
  ck_assert_int_eq(open_set(&set, ESP_FEATURES, (esp_data_options){0}), ESP_OK);
  ck_assert_int_eq(esp_dataset_digest(set, &before, &err), ESP_OK);
  set->test.features[COUNT * 2 * LENGTH - 1] += 1.0f;
  ck_assert_int_eq(esp_dataset_digest(set, &after, &err), ESP_OK);
  ck_assert_str_ne(before.images, after.images);
  ck_assert_str_eq(before.labels, after.labels);
  esp_dataset_free(set);
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused) {
  esp_dataset *set;
  ck_assert_int_eq(open_set(&set, ESP_TOKENS, (esp_data_options){.mean = {{0.5}, 1}}),
                   ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, "data.mean: 1 numbers; expected none, tokens are not normalised");
  ck_assert_int_eq(open_set(&set, ESP_FEATURES, (esp_data_options){.std = {{0.5}, 1}}),
                   ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, "data.std: 1 numbers for images of 2 channels");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("elements");
  TCase *c = tcase_create("elements"); /* each test in a process of its own: a kind stays */
  tcase_add_test(c, tokens_stay_what_they_are);
  tcase_add_test(c, features_are_measured_by_channel);
  tcase_add_test(c, tokens_are_below_the_vocabulary);
  tcase_add_test(c, a_set_has_what_its_kind_announces);
  tcase_add_test(c, splits_move_whole_images);
  tcase_add_test(c, a_digest_sees_every_byte);
  tcase_add_test(c, numbers_that_do_not_fit_are_refused);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
