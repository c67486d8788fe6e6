/* Reading result.json, whoever wrote it. */
#include "folder.h"
#include "suite.h"

#include <espalier/results.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUND(number, rest) "{\"round\":" number ",\"sparsity\":0.5" rest "}"

static char *folder, path[FOLDER_PATH_MAX];

static void set_up(void) {
  folder = folder_make();
  snprintf(path, sizeof path, "%s/result.json", folder);
}

static void tear_down(void) {
  unlink(path);
  ck_assert_int_eq(rmdir(folder), 0);
  free(folder);
}

static void write_result(const char *text) {
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  ck_assert_int_eq(fclose(f), 0);
}

static esp_results read_result(const char *dense, const char *rounds) {
  char text[1024];
  snprintf(text, sizeof text,
           "{\"status\":\"finished\",\"weights_sha256\":\"ab\",\"dense\":%s,\"rounds\":[%s]}",
           dense, rounds);
  write_result(text);
  esp_results r;
  esp_error err = {0};
  ck_assert_msg(esp_results_read(&r, folder, &err) == ESP_OK, "%s", err.text);
  return r;
}

START_TEST(the_dense_network_is_round_0) {
  esp_results r = read_result(ROUND("0", ",\"test_accuracy\":0.75"),
                              ROUND("1", ",\"seconds\":2") "," ROUND("2", ""));
  ck_assert_int_eq(r.rounds, 3);
  ck_assert_ptr_eq(esp_results_dense(&r), &r.round[0]);
  ck_assert_double_eq(r.round[0].test_quality, 0.75);
  ck_assert_double_eq(r.round[1].seconds, 2.0);
  ck_assert_int_eq(r.round[2].round, 2);
  ck_assert_str_eq(r.sha256, "ab");
  esp_results_free(&r);
}
END_TEST

START_TEST(a_network_that_was_never_dense_has_no_round_0) {
  esp_results r = read_result("{\"test_accuracy\":null}", ROUND("1", ""));
  ck_assert_int_eq(r.rounds, 1);
  ck_assert_int_eq(r.round[0].round, 1);
  ck_assert_ptr_null(esp_results_dense(&r));
  esp_results_free(&r);
}
END_TEST

START_TEST(what_was_not_measured_is_nan) {
  esp_results r = read_result(ROUND("0", ",\"test_accuracy\":null"), "");
  ck_assert(isnan(r.round[0].test_quality) && isnan(r.round[0].test_top5));
  ck_assert_double_eq(r.round[0].sparsity, 0.5);
  esp_results_free(&r);
}
END_TEST

/* Validation was "val" in these files once. */
START_TEST(old_spellings_are_read) {
  esp_results r = read_result(
      ROUND("0", ",\"val_accuracy_before\":0.125,\"val_accuracy\":0.25,\"val_loss\":2"), "");
  ck_assert_double_eq(r.round[0].validation_quality_before, 0.125);
  ck_assert_double_eq(r.round[0].validation_quality, 0.25);
  ck_assert_double_eq(r.round[0].validation_loss, 2.0);
  esp_results_free(&r);
}
END_TEST

/* Recovered is 1, better above; what older files say of it was the dense loss over the pruned one,
 * and is not taken for it. */
START_TEST(recovery_is_of_the_dense_accuracy) {
  static const double expected[] = {1.0, 1.0, 0.75, 1.125};
  esp_results r =
      read_result(ROUND("0", ",\"test_accuracy\":0.8,\"recovery\":1"),
                  ROUND("1", ",\"test_accuracy\":0.8,\"recovery\":0.5") "," ROUND(
                      "2", ",\"test_accuracy\":0.6") "," ROUND("3", ",\"test_accuracy\":0.9"));
  for (int i = 0; i < 4; i++) ck_assert_double_eq_tol(r.round[i].recovery, expected[i], 1e-12);
  esp_results_free(&r);
  r = read_result("{\"test_accuracy\":null}", ROUND("1", ",\"test_accuracy\":0.8,\"recovery\":1"));
  ck_assert(isnan(r.round[0].recovery));
  esp_results_free(&r);
  r = read_result(ROUND("0", ",\"test_accuracy\":0"), ROUND("1", ",\"test_accuracy\":0.8"));
  ck_assert(isnan(r.round[1].recovery));
  esp_results_free(&r);
}
END_TEST

START_TEST(what_is_no_result_is_refused) {
  static const char *const text[] = {
      "",
      "[]",
      "{\"status\":\"running\",\"weights_sha256\":null,\"dense\":{},\"rounds\":[]}",
      "{\"status\":\"finished\",\"weights_sha256\":null,\"dense\":{},\"rounds\":[]}",
      "{\"status\":\"finished\",\"weights_sha256\":\"ab\",\"dense\":{},\"rounds\":{}}",
      "{\"status\":\"finished\",\"weights_sha256\":\"ab\",\"dense\":{},\"rounds\":[{}]}",
      "{\"status\":\"finished\",\"weights_sha256\":\"ab\",\"rounds\":[{\"round\":-1}]}",
      "{\"status\":\"finished\",\"weights_sha256\":\"ab\",\"rounds\":[{\"round\":1e9}]}"};
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
    esp_results r;
    esp_error err = {0};
    write_result(text[i]);
    ck_assert_msg(esp_results_read(&r, folder, &err) == ESP_ERR_INPUT, "%s", text[i]);
    ck_assert(err.text[0] && !strchr(err.text, '\n'));
    ck_assert(!esp_results_finished(folder));
  }
}
END_TEST

START_TEST(a_directory_without_results_is_not_finished) {
  ck_assert(!esp_results_finished(folder));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("results");
  TCase *results = tcase_create("results");
  tcase_add_checked_fixture(results, set_up, tear_down);
  tcase_add_test(results, the_dense_network_is_round_0);
  tcase_add_test(results, a_network_that_was_never_dense_has_no_round_0);
  tcase_add_test(results, what_was_not_measured_is_nan);
  tcase_add_test(results, old_spellings_are_read);
  tcase_add_test(results, recovery_is_of_the_dense_accuracy);
  tcase_add_test(results, what_is_no_result_is_refused);
  tcase_add_test(results, a_directory_without_results_is_not_finished);
  suite_add_tcase(suite, results);
  return suite_run(suite);
}
