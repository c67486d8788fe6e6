/* Names of directories: they say the values, suit a file system, and no two are the same. */
#include "suite.h"
#include "sweep/names.h"

#include <ctype.h>
#include <string.h>

static char sparsity[] = "prune.sparsity", seed[] = "run.seed", layers[] = "model.layers";

static void name_of(char *key, char *value, char name[ESP_RUN_NAME_MAX + 1]) {
  const esp_axis axis = {.key = key, .value = &value, .values = 1};
  esp__sweep_name("", &axis, 1, (int[]){0}, NULL, name);
}

START_TEST(a_name_says_keys_and_values) {
  char name[ESP_RUN_NAME_MAX + 1];
  char *levels[] = {"0.5", "0.9"}, *seeds[] = {"1", "2"};
  const esp_axis axis[] = {{.key = sparsity, .value = levels, .values = 2},
                           {.key = seed, .value = seeds, .values = 2}};
  esp__sweep_name("", axis, 2, (int[]){1, 1}, NULL, name);
  ck_assert_str_eq(name, "prune.sparsity=0.9,run.seed=2");
  esp__sweep_name("dense", axis, 2, (int[]){0, 1}, (bool[]){false, true}, name);
  ck_assert_str_eq(name, "dense,run.seed=2");
}
END_TEST

START_TEST(a_space_is_a_plus_and_no_mark_is_needed) {
  char name[ESP_RUN_NAME_MAX + 1];
  name_of(layers, "crop flip", name);
  ck_assert_str_eq(name, "model.layers=crop+flip");
}
END_TEST

START_TEST(different_values_have_different_names_that_suit_a_file) {
  static char long_a[] = "conv 64 3x3 and so on for more than forty characters, a";
  static char long_b[] = "conv 64 3x3 and so on for more than forty characters, b";
  char *value[] = {"a/b", "a_b", "a b", "a+b", "a\nb", "", "..", "a:b", long_a, long_b};
  enum { VALUES = sizeof value / sizeof *value };
  char name[VALUES][ESP_RUN_NAME_MAX + 1];
  for (int i = 0; i < VALUES; i++) {
    name_of(layers, value[i], name[i]);
    for (const char *c = name[i]; *c; c++)
      ck_assert_msg(isalnum((unsigned char)*c) || strchr(".-+_=~,", *c), "%s", name[i]);
    for (int k = 0; k < i; k++) ck_assert_str_ne(name[i], name[k]);
  }
}
END_TEST

START_TEST(many_keys_still_make_a_short_name_of_their_own) {
  enum { AXES = 12 };
  char *value[] = {"0.123456789", "0.987654321"}, a[ESP_RUN_NAME_MAX + 1], b[ESP_RUN_NAME_MAX + 1];
  esp_axis axis[AXES];
  int choice[AXES] = {0};
  for (int i = 0; i < AXES; i++) axis[i] = (esp_axis){.key = sparsity, .value = value, .values = 2};
  esp__sweep_name("", axis, AXES, choice, NULL, a);
  choice[AXES - 1] = 1; /* beyond what the name has room for */
  esp__sweep_name("", axis, AXES, choice, NULL, b);
  ck_assert(strlen(a) <= ESP_RUN_NAME_MAX && strlen(b) <= ESP_RUN_NAME_MAX);
  ck_assert_str_ne(a, b);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("names");
  TCase *names = tcase_create("names");
  tcase_add_test(names, a_name_says_keys_and_values);
  tcase_add_test(names, a_space_is_a_plus_and_no_mark_is_needed);
  tcase_add_test(names, different_values_have_different_names_that_suit_a_file);
  tcase_add_test(names, many_keys_still_make_a_short_name_of_their_own);
  suite_add_tcase(suite, names);
  return suite_run(suite);
}
