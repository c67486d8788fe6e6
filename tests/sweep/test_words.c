/* Lists of values, with and without quotes. */
#include "suite.h"
#include "sweep/file.h"
#include "sweep/words.h"

#include <stdlib.h>
#include <string.h>

static esp_axis split(const char *text) {
  esp_axis axis = {.key = strdup("data.augment")};
  esp_error err = {0};
  ck_assert_msg(esp__words_split(&axis, text, "here", &err) == ESP_OK, "%s", err.text);
  return axis;
}

static void refuses(const char *text, const char *message) {
  esp_axis axis = {.key = strdup("data.augment")};
  esp_error err = {0};
  ck_assert_int_eq(esp__words_split(&axis, text, "here", &err), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, message);
  esp__axis_free(&axis);
}

START_TEST(white_space_parts_values_and_quotes_hold_them_together) {
  static const char *const expected[] = {"0.5", "crop flip", "", "say \"yes\"", "two\n  lines"};
  esp_axis axis = split(" 0.5 \"crop flip\"\n \"\"\t\"say \"\"yes\"\"\" \"two\n  lines\" ");
  ck_assert_int_eq(axis.values, 5);
  for (int i = 0; i < 5; i++) ck_assert_str_eq(axis.value[i], expected[i]);
  esp__axis_free(&axis);
}
END_TEST

START_TEST(lists_that_cannot_be_read_are_refused) {
  refuses("", "here: data.augment: no values, expected a list of at least one");
  refuses(" \n", "here: data.augment: no values, expected a list of at least one");
  refuses("1 \"two", "here: data.augment: a double quote has no end");
  refuses("\"", "here: data.augment: a double quote has no end");
  refuses("\"one\"two", "here: data.augment: expected a space behind a quoted value, not 't'");
  refuses("o\"ne\"", "here: data.augment: a double quote within 'o': expected it around the value");
}
END_TEST

START_TEST(what_is_printed_splits_into_the_same) {
  static const char *const value[] = {"0.5", "", "crop flip", "\"", "a \"\" b", "\ttab", "1e-3"};
  for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    ck_assert_ptr_nonnull(out);
    esp__word_print(value[i], out);
    fputs(" next", out);
    ck_assert_int_eq(fclose(out), 0);
    esp_axis axis = split(text);
    ck_assert_int_eq(axis.values, 2);
    ck_assert_str_eq(axis.value[0], value[i]);
    esp__axis_free(&axis);
    free(text);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("words");
  TCase *words = tcase_create("words");
  tcase_add_test(words, white_space_parts_values_and_quotes_hold_them_together);
  tcase_add_test(words, lists_that_cannot_be_read_are_refused);
  tcase_add_test(words, what_is_printed_splits_into_the_same);
  suite_add_tcase(suite, words);
  return suite_run(suite);
}
