/* By what networks are judged: names of columns, numbers and units. */
#include "suite.h"

#include <espalier/quality.h>

#include <math.h>

static const esp_quality *classes(void) {
  return esp_quality_of(false);
}
static const esp_quality *targets(void) {
  return esp_quality_of(true);
}

START_TEST(entries_are_found_by_name) {
  ck_assert_ptr_eq(esp_quality_named("accuracy"), classes());
  ck_assert_ptr_eq(esp_quality_named("r2"), targets());
  ck_assert_ptr_null(esp_quality_named("top5"));
}
END_TEST

START_TEST(columns_have_its_name) {
  char text[ESP_QUALITY_COLUMN];
  ck_assert_str_eq(esp_quality_column(classes(), "test_quality_before", text),
                   "test_accuracy_before");
  ck_assert_str_eq(esp_quality_column(targets(), "validation_quality", text), "validation_r2");
  ck_assert_str_eq(esp_quality_column(targets(), "test_loss", text), "test_loss");
  ck_assert_str_eq(esp_quality_column_of("rmse", "test_quality", text), "test_rmse");
}
END_TEST

START_TEST(numbers_have_its_digits) {
  char text[ESP_QUALITY_TEXT];
  ck_assert_str_eq(esp_quality_text(classes(), 0.97314, text), "97.31 %");
  ck_assert_str_eq(esp_quality_text(targets(), 0.97314, text), "0.9731");
  ck_assert_str_eq(esp_quality_text(targets(), (double)NAN, text), "-");
  ck_assert_str_eq(esp_quality_number(classes(), 0.005, true, text), "+0.50");
  ck_assert_str_eq(esp_quality_number(targets(), -0.25, true, text), "-0.2500");
  ck_assert_str_eq(esp_quality_number(targets(), -1e300, false, text), "-1e+300");
  ck_assert_str_eq(esp_quality_points(classes()), " points");
  ck_assert_str_eq(esp_quality_points(targets()), "");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("quality");
  TCase *t = tcase_create("quality");
  tcase_add_test(t, entries_are_found_by_name);
  tcase_add_test(t, columns_have_its_name);
  tcase_add_test(t, numbers_have_its_digits);
  suite_add_tcase(suite, t);
  return suite_run(suite);
}
