/* Texts: from files of all layouts to tokens, by a vocabulary counted on those to train on. */
#include "files.h"
#include "suite.h"

#include "data/tokens.h"
#include "data/vocabulary.h"

#include <stdlib.h>
#include <string.h>

static char *folder;
static esp_dataset *set;
static esp_error err;

static void setup(void) {
  folder = folder_make();
}

static void teardown(void) {
  esp_dataset_free(set);
  set = NULL;
  folder_remove(folder);
}

static void text_write(const char *name, const char *text) {
  file_write(folder, name, text, strlen(text));
}

/* The numbers of a text's tokens. */
static void holds(const esp_images *images, uint32_t i, const char *numbers) {
  char text[256] = "";
  for (int t = 0; t < set->shape.width; t++)
    sprintf(text + strlen(text), "%d ",
            images->tokens[i * (uint32_t)set->shape.width + (uint32_t)t]);
  ck_assert_str_eq(text, numbers);
}

/* ---- tokens ---- */

static void splits_into(esp__token_kind kind, const char *text, const char *expected) {
  char tidy[256], list[256] = "";
  strcpy(tidy, text);
  esp__text_tidy(tidy);
  const char *at = tidy;
  for (esp__token t; esp__token_next(kind, &at, &t);)
    sprintf(list + strlen(list), "%.*s|", (int)t.bytes, t.text);
  ck_assert_str_eq(list, expected);
}

START_TEST(a_text_falls_into_tokens) {
  splits_into(ESP_TOKEN_CHARACTERS, " \t né \r\n\n!", "n|é| |!|");
  splits_into(ESP_TOKEN_CHARACTERS, "€𝄞", "€|𝄞|");
  splits_into(ESP_TOKEN_CHARACTERS, " \n", "");
  splits_into(ESP_TOKEN_WORDS, "Hello,  wörld...\nfoo", "Hello|,|wörld|.|.|.|foo|");
  splits_into(ESP_TOKEN_WORDS, "a-b", "a|-|b|");
}
END_TEST

/* ---- vocabularies ---- */

static int number_of(const esp_vocabulary *v, const char *token) {
  return esp__vocabulary_number(v, (esp__token){token, strlen(token)});
}

START_TEST(the_frequent_come_first) {
  esp_vocabulary *v, *again;
  char *text;
  ck_assert_int_eq(esp__vocabulary_new(&v, &err), ESP_OK);
  ck_assert_int_eq(number_of(v, "b"), ESP_TOKEN_UNKNOWN);
  for (const char *c = "zzbaabacbz"; *c; c++) /* a, b, z: three each; c: one */
    ck_assert_int_eq(esp__vocabulary_count(v, (esp__token){c, 1}, &err), ESP_OK);
  ck_assert_int_eq(esp__vocabulary_settle(v, 5, &err), ESP_OK);
  ck_assert_int_eq(esp_vocabulary_size(v), 5);
  ck_assert_int_eq(number_of(v, "a"), 2);
  ck_assert_int_eq(number_of(v, "b"), 3);
  ck_assert_int_eq(number_of(v, "z"), 4);
  ck_assert_int_eq(number_of(v, "c"), ESP_TOKEN_UNKNOWN);
  ck_assert_int_eq(esp_vocabulary_text(v, &text, &err), ESP_OK);
  ck_assert_str_eq(text, "a\nb\nz\n");
  ck_assert_int_eq(esp_vocabulary_read(&again, text, "file", &err), ESP_OK);
  ck_assert_int_eq(number_of(again, "z"), 4);
  free(text);
  esp_vocabulary_free(again);
  esp_vocabulary_free(v);
}
END_TEST

START_TEST(many_tokens_are_found_again) {
  enum { TOKENS = 5000 };
  esp_vocabulary *v;
  char token[8];
  ck_assert_int_eq(esp__vocabulary_new(&v, &err), ESP_OK);
  for (int i = 0; i < TOKENS; i++) {
    sprintf(token, "%04d", i);
    ck_assert_int_eq(esp__vocabulary_count(v, (esp__token){token, 4}, &err), ESP_OK);
  }
  ck_assert_int_eq(esp__vocabulary_settle(v, TOKENS / 2 + ESP_TOKENS_FIRST, &err), ESP_OK);
  for (int i = 0; i < TOKENS; i++) { /* all as frequent, so by their bytes */
    sprintf(token, "%04d", i);
    ck_assert_int_eq(number_of(v, token),
                     i < TOKENS / 2 ? i + ESP_TOKENS_FIRST : ESP_TOKEN_UNKNOWN);
  }
  esp_vocabulary_free(v);
}
END_TEST

START_TEST(a_damaged_vocabulary_is_refused) {
  static const char *const bad[][2] = {{"a\n\nb\n", "token 1 is empty"},
                                       {"a\nb\na\n", "token 2 is there twice"},
                                       {"a\n\xff\n", "not plain UTF-8"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    esp_vocabulary *v;
    ck_assert_int_eq(esp_vocabulary_read(&v, bad[i][0], "net", &err), ESP_ERR_INPUT);
    ck_assert_ptr_null(v);
    ck_assert_msg(strstr(err.text, bad[i][1]) != NULL, "%s", err.text);
  }
}
END_TEST

/* ---- sets ---- */

START_TEST(files_of_lines) {
  esp_data_options opt = options_for("text", folder);
  text_write("train/no.txt", "\xef\xbb\xbfla\n\n  \nala\r\n");
  text_write("train/yes.txt", "b\nab b");
  text_write("test/no.txt", "xa");
  text_write("test/yes.txt", "bbbbb\n");
  data_load(&set, &opt, 1);
  /* a: 3, b: 3, l: 2, the space: 1 */
  ck_assert(set->element == ESP_TOKENS && set->shape.width == 4 && set->shape.vocabulary == 6);
  ck_assert_str_eq(set->class_name[0], "no");
  ck_assert_uint_eq(set->train.count, 4);
  holds(&set->train, 0, "4 2 0 0 ");
  holds(&set->train, 1, "2 4 2 0 ");
  holds(&set->train, 2, "3 0 0 0 ");
  holds(&set->train, 3, "2 3 5 3 ");
  holds(&set->test, 0, "1 2 0 0 ");
  holds(&set->test, 1, "3 3 3 3 ");
  ck_assert_uint_eq(set->longer, 1);
  ck_assert_int_eq(set->test.labels[1], 1);
}
END_TEST

START_TEST(files_that_are_texts) {
  esp_data_options opt = options_for("text", folder);
  opt.text.tokens = (char[]){"words"};
  opt.text.length = 2;
  opt.text.vocabulary = 4;
  text_write("train/bad/1.txt", "so\nbad, so\n");
  text_write("train/good/2.TXT", "bad no");
  text_write("test/bad/1.txt", "so so so");
  text_write("test/good/1.txt", "good");
  data_load(&set, &opt, 1);
  ck_assert(set->shape.width == 2 && set->shape.vocabulary == 4); /* bad and so, two each */
  holds(&set->train, 0, "3 2 ");
  holds(&set->train, 1, "2 1 ");
  holds(&set->test, 1, "1 0 ");
  ck_assert_uint_eq(set->longer, 2);
}
END_TEST

START_TEST(tables) {
  esp_data_options opt = options_for("text", folder);
  text_write("train.tsv", "label\ttext\nzoo\ta b\n\nant\tb\tc\r\nant\ta\n");
  text_write("test.tsv", "ant\tb\nzoo\tbb\n");
  data_load(&set, &opt, 1);
  ck_assert_int_eq(set->classes, 2);
  ck_assert_str_eq(set->class_name[0], "ant");
  ck_assert_uint_eq(set->train.count, 3);
  ck_assert_int_eq(set->train.labels[0], 1);
  ck_assert_uint_eq(set->test.count, 2);
  /* the space, a, b: two each; c: one */
  holds(&set->train, 1, "4 2 5 ");
}
END_TEST

/* How many texts of the class a split has. */
static int of_class(const esp_images *images, int label) {
  int count = 0;
  for (uint32_t i = 0; i < images->count; i++) count += images->labels[i] == label;
  return count;
}

START_TEST(a_fifth_is_to_test_on_where_nothing_says_which) {
  char path[256];
  text_write("all.tsv",
             "b\t1\na\t2\nb\t3\nb\t4\na\t5\nb\t6\nb\t7\nb\t8\nb\t9\nb\t10\nb\t11\nb\t12\n");
  snprintf(path, sizeof path, "%s", path_of(folder, "all.tsv"));
  esp_data_options opt = options_for("text", path);
  data_load(&set, &opt, 1);
  ck_assert_int_eq(of_class(&set->test, 0), 1);
  ck_assert_int_eq(of_class(&set->train, 0), 1);
  ck_assert_int_eq(of_class(&set->test, 1), 2);
  ck_assert_int_eq(of_class(&set->train, 1), 8);
}
END_TEST

START_TEST(the_vocabulary_knows_only_what_is_trained_on) {
  esp_data_options opt = options_for("text", folder);
  opt.validation = 2;
  text_write("train/one.txt", "a\nb\nc\n");
  text_write("train/two.txt", "d\ne\nf\n");
  text_write("test/one.txt", "a\n");
  text_write("test/two.txt", "b\n");
  data_load(&set, &opt, 1);
  ck_assert_int_eq(set->shape.vocabulary, 4 + ESP_TOKENS_FIRST);
  for (uint32_t i = 0; i < 2; i++) ck_assert_int_eq(set->validation.tokens[i], ESP_TOKEN_UNKNOWN);
}
END_TEST

START_TEST(a_network_brings_its_own) {
  esp_vocabulary *v;
  esp_data_options opt = options_for("text", folder);
  text_write("train/one.txt", "ab\n");
  text_write("train/two.txt", "c\n");
  text_write("test/one.txt", "ba\n");
  text_write("test/two.txt", "c\n");
  ck_assert_int_eq(esp_vocabulary_read(&v, "c\nb\n", "net", &err), ESP_OK);
  ck_assert_int_eq(esp_dataset_load_known(&set, &opt, (esp_shape){1, 1, 3, 4}, v, 1, &err), ESP_OK);
  esp_vocabulary_free(v);
  ck_assert(set->shape.width == 3 && set->shape.vocabulary == 4);
  holds(&set->train, 0, "1 3 0 ");
  holds(&set->test, 1, "2 0 0 ");
  opt.text.length = 5;
  esp_dataset *none;
  ck_assert_int_eq(esp_dataset_load_known(&none, &opt, (esp_shape){1, 1, 3, 4}, NULL, 1, &err),
                   ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, "data.length: 5, the network takes texts of 3 tokens");
}
END_TEST

START_TEST(a_single_text) {
  esp_vocabulary *v;
  uint16_t number[3];
  esp_text_count count;
  const esp_text_options opt = {.tokens = (char[]){"characters"}};
  ck_assert_int_eq(esp_vocabulary_read(&v, "b\na\n", "net", &err), ESP_OK);
  ck_assert_int_eq(esp_text_encode(" ab\n", &opt, v, 3, number, &count, &err), ESP_OK);
  ck_assert(number[0] == 3 && number[1] == 2 && number[2] == 0);
  ck_assert(count.tokens == 2 && count.unknown == 0);
  ck_assert_int_eq(esp_text_encode("xxbxb", &opt, v, 3, number, &count, &err), ESP_OK);
  ck_assert(number[2] == 2 && count.tokens == 5 && count.unknown == 3);
  ck_assert_int_eq(esp_text_encode(" ", &opt, v, 3, number, &count, &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_text_encode("\xc3", &opt, v, 3, number, &count, &err), ESP_ERR_INPUT);
  esp_vocabulary_free(v);
}
END_TEST

START_TEST(what_is_no_text_is_refused_with_its_line) {
  static const struct {
    const char *name, *text, *message;
  } bad[] = {
      {"train/one.txt", "a\nb\n\xc3(\n", "one.txt:3: not plain UTF-8 text"},
      {"train/one.txt", " \n\n", "one.txt: has no token in it; expected a text a line"},
      {"train/one.txt", "", "one.txt: has no token in it"},
      {"train/one/1.txt", "\n", "1.txt: has no token in it; expected a text"},
      {"train/one/1.txt", "a\n\x01", "1.txt:2: not plain UTF-8 text"},
      {"train.tsv", "a\tb\nno\n", "train.tsv:2: no tab in it; expected label, tab, text"},
      {"train.tsv", "a\tb\n\tc\n", "train.tsv:2: no label before the tab"},
      {"train.tsv", "a\tb\nb\t \n", "train.tsv:2: no token of a text behind the tab"},
      {"train.tsv", "a\tb\na\tb\n", "train.tsv: 1 labels in it; expected 2 to 65536"},
      {"train.tsv", "\n", "train.tsv: no text in it"},
      {"train.tsv", "a\tb\nb\tb\n", "test.tsv:1: label 'z' is none of those to train on"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    folder_remove(folder);
    folder = folder_make();
    esp_data_options opt = options_for("text", folder);
    text_write("train/two.txt", "b\n");
    text_write("test.tsv", "z\tc\n");
    text_write("test/two.txt", "b\n");
    text_write(bad[i].name, bad[i].text);
    data_refused(&opt, bad[i].message);
  }
}
END_TEST

START_TEST(options_that_cannot_be) {
  esp_data_options opt = options_for("text", folder);
  text_write("one.txt", "a\nb\n");
  text_write("two.txt", "c\n");
  data_refused(&opt, "class 'two' has 1 texts, expected at least 2");
  text_write("two.txt", "c\nd\n");
  opt.text.vocabulary = 2;
  data_refused(&opt, "data.vocabulary: 2, expected at least 3");
  text_write("two/1.txt", "c\n");
  data_refused(&opt, "has a folder and a file of the class 'two'");
  opt = options_for("text", path_of(folder, "none.tsv"));
  data_refused(&opt, "none.tsv: no such folder");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("texts");
  TCase *c = tcase_create("texts");
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, a_text_falls_into_tokens);
  tcase_add_test(c, the_frequent_come_first);
  tcase_add_test(c, many_tokens_are_found_again);
  tcase_add_test(c, a_damaged_vocabulary_is_refused);
  tcase_add_test(c, files_of_lines);
  tcase_add_test(c, files_that_are_texts);
  tcase_add_test(c, tables);
  tcase_add_test(c, a_fifth_is_to_test_on_where_nothing_says_which);
  tcase_add_test(c, the_vocabulary_knows_only_what_is_trained_on);
  tcase_add_test(c, a_network_brings_its_own);
  tcase_add_test(c, a_single_text);
  tcase_add_test(c, what_is_no_text_is_refused_with_its_line);
  tcase_add_test(c, options_that_cannot_be);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
