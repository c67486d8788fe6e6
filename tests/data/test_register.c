/* Kinds of data sets from outside: what they must have, and what they must load. */
#include "suite.h"

#include <espalier/data.h>

#include <stdlib.h>
#include <string.h>

static esp_error err;

/* Two grey images of 1x1, in two classes; `damage` says what is wrong with them. */
static enum { NOTHING, SHAPE, CLASSES, NAME, IMAGES, LABEL } damage;

static esp_status fill(esp_images *images, esp_error *e) {
  images->pixels = calloc(2, 1);
  images->labels = calloc(2, sizeof *images->labels);
  if (!images->pixels || !images->labels) return esp_fail(e, ESP_ERR_MEMORY, "out of memory");
  images->pixels[1] = 255;
  images->labels[1] = damage == LABEL ? 2 : 1;
  images->count = 2;
  return ESP_OK;
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *e) {
  (void)opt;
  (void)wanted;
  (void)seed;
  set->shape = (esp_shape){damage == SHAPE ? 257 : 1, 1, 1};
  set->classes = 2;
  if (damage == CLASSES) return ESP_OK;
  set->class_name = calloc(2, sizeof *set->class_name);
  set->class_name[0] = strdup("black");
  set->class_name[1] = strdup(damage == NAME ? "two\nlines" : "white");
  if (damage == IMAGES) return ESP_OK;
  ESP_TRY(fill(&set->train, e));
  return fill(&set->test, e);
}

static const esp_dataset_kind tiny = {.name = "tiny", .help = "two images", .load = load};

START_TEST(a_registered_kind_is_found_and_loaded) {
  esp_dataset *set;
  const esp_data_options opt = {.dataset = (char[]){"tiny"}, .tasks = (char[]){""}};
  ck_assert_ptr_null(esp_dataset_kind_find("tiny"));
  ck_assert_int_eq(esp_dataset_kind_register(&tiny, &err), ESP_OK);
  ck_assert_ptr_eq(esp_dataset_kind_find("tiny"), &tiny);
  ck_assert_msg(esp_dataset_load(&set, &opt, (esp_shape){0}, 1, &err) == ESP_OK, "%s", err.text);
  ck_assert_uint_eq(set->train.count, 2);
  ck_assert_str_eq(set->class_name[1], "white");
  ck_assert_float_eq(set->mean[0], 0.5f);
  esp_dataset_free(set);
}
END_TEST

START_TEST(what_cannot_work_is_not_registered) {
  const struct {
    esp_dataset_kind kind;
    const char *message;
  } bad[] = {{{"shapes", "help", load}, "data set 'shapes': the name is taken"},
             {{NULL, "help", load}, "data set '': expected a name"},
             {{"Tiny", "help", load}, "data set 'Tiny': expected a name"},
             {{"tiny", "", load}, "data set 'tiny': expected a help text"},
             {{"tiny", "help", NULL}, "data set 'tiny': expected a function 'load'"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ck_assert_int_eq(esp_dataset_kind_register(&bad[i].kind, &err), ESP_ERR_INPUT);
    ck_assert_msg(strncmp(err.text, bad[i].message, strlen(bad[i].message)) == 0, "%s", err.text);
  }
  ck_assert_int_eq(esp_dataset_kind_register(&tiny, &err), ESP_OK);
  ck_assert_int_eq(esp_dataset_kind_register(&tiny, &err), ESP_ERR_INPUT);
}
END_TEST

START_TEST(what_it_loads_is_checked) {
  static const char *const message[] = {
      [SHAPE] = "data set 'tiny': expected a shape of 1 to 256 channels",
      [CLASSES] = "data set 'tiny': expected a class at least",
      [NAME] = "data set 'tiny': expected a class at least",
      [IMAGES] = "data set 'tiny': expected images to train on and to test",
      [LABEL] = "data set 'tiny': expected labels from 0"};
  const esp_data_options opt = {.dataset = (char[]){"tiny"}, .tasks = (char[]){""}};
  ck_assert_int_eq(esp_dataset_kind_register(&tiny, &err), ESP_OK);
  for (damage = SHAPE; damage <= LABEL; damage++) {
    esp_dataset *set;
    ck_assert_int_eq(esp_dataset_load(&set, &opt, (esp_shape){0}, 1, &err), ESP_ERR_INPUT);
    ck_assert_msg(strncmp(err.text, message[damage], strlen(message[damage])) == 0, "%s", err.text);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("registered data sets");
  TCase *c = tcase_create("kinds"); /* each test in a process of its own: a kind stays */
  tcase_add_test(c, a_registered_kind_is_found_and_loaded);
  tcase_add_test(c, what_cannot_work_is_not_registered);
  tcase_add_test(c, what_it_loads_is_checked);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
