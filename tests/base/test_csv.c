/* Tables in files, as a run writes them and as others do. */
#include <espalier/csv.h>
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void setup(void) {
  strcpy(path, "/tmp/espalier-csv-XXXXXX");
  const int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  close(file);
}
static void teardown(void) {
  unlink(path);
}

static esp_status read_text(esp_csv *t, const char *text, esp_error *err) {
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  ck_assert_int_eq(fclose(f), 0);
  return esp_csv_read(t, path, err);
}

START_TEST(cells_by_names) {
  esp_csv t;
  ck_assert_int_eq(read_text(&t, "x,y,name\n1,2.5,conv\n,nan,1e999\n", NULL), ESP_OK);
  ck_assert_int_eq(t.rows, 2);
  ck_assert_double_eq(esp_csv_number(&t, 0, "y"), 2.5);
  ck_assert_str_eq(esp_csv_text(&t, 0, "name"), "conv");
  ck_assert(isnan(esp_csv_number(&t, 0, "name")) && isnan(esp_csv_number(&t, 0, "z")));
  ck_assert(isnan(esp_csv_number(&t, 1, "x")) && isnan(esp_csv_number(&t, 1, "y")));
  ck_assert(isnan(esp_csv_number(&t, 1, "name")) && isnan(esp_csv_number(&t, 2, "x")));
  ck_assert_str_eq(esp_csv_text(&t, -1, "name"), "");
  ck_assert_str_eq(esp_csv_cell(&t, 1, 3), "");
  esp_csv_free(&t);
}
END_TEST

START_TEST(quotes_and_comments) {
  esp_csv t;
  ck_assert_int_eq(read_text(&t, "# of a paper\na,b\r\n\n\"1,\"\"2\"\"\",\n", NULL), ESP_OK);
  ck_assert_int_eq(t.rows, 1);
  ck_assert_int_eq(t.line[0], 4);
  ck_assert_str_eq(esp_csv_text(&t, 0, "a"), "1,\"2\"");
  ck_assert_str_eq(esp_csv_text(&t, 0, "b"), "");
  esp_csv_free(&t);
}
END_TEST

/* What stands above a damaged row is of use, and the row is named. */
START_TEST(rows_above_damage) {
  esp_csv t;
  esp_error err;
  char expected[128];
  ck_assert_int_eq(read_text(&t, "x,y\n1,2\n3\n5,6\n", &err), ESP_ERR_INPUT);
  snprintf(expected, sizeof expected, "%s:3: 1 cells, expected 2 as in the first row", path);
  ck_assert_str_eq(err.text, expected);
  ck_assert_int_eq(t.rows, 1);
  ck_assert_double_eq(esp_csv_number(&t, 0, "y"), 2.0);
  esp_csv_free(&t);
  static const char *const others[] = {"x,y\n1,2,3,4,5,6,7,8,9\n", "x,y\n1,\"2\n", "\"x"};
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(read_text(&t, others[i], NULL), ESP_ERR_INPUT);
    ck_assert_int_eq(t.rows, 0);
    ck_assert(isnan(esp_csv_number(&t, 0, "y")));
    esp_csv_free(&t);
  }
}
END_TEST

START_TEST(no_table) {
  esp_csv t;
  ck_assert_int_eq(read_text(&t, "", NULL), ESP_ERR_INPUT);
  ck_assert_int_eq(t.rows, 0);
  ck_assert(isnan(esp_csv_number(&t, 0, "x")));
  esp_csv_free(&t);
}
END_TEST

/* Whether the last line was written to its end. */
START_TEST(a_file_that_is_cut) {
  esp_csv t;
  ck_assert_int_eq(read_text(&t, "x,y\n1,2\n", NULL), ESP_OK);
  ck_assert(t.ended);
  esp_csv_free(&t);
  ck_assert_int_eq(read_text(&t, "x,y\n1,2", NULL), ESP_OK);
  ck_assert(!t.ended && t.rows == 1);
  esp_csv_free(&t);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("tables");
  TCase *c = tcase_create("tables");
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, cells_by_names);
  tcase_add_test(c, quotes_and_comments);
  tcase_add_test(c, rows_above_damage);
  tcase_add_test(c, no_table);
  tcase_add_test(c, a_file_that_is_cut);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
