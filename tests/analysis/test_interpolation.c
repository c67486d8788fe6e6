/* The barrier on a line against numbers worked by hand. */
#include <espalier/interpolation.h>
#include "suite.h"

static esp_metrics metrics(double loss, int64_t right) {
  return (esp_metrics){.loss_sum = 10.0 * loss, .top1 = right, .count = 10};
}

/* Errors 0.1, 0.5, 0.3: 0.5 - 0.2. Losses 1, 2, 4 rise to the end: 4 - 2.5. */
START_TEST(barrier_by_hand) {
  esp_interpolation_point p[] = {
      {0.0, {metrics(1, 9)}}, {0.5, {metrics(2, 5)}}, {1.0, {metrics(4, 7)}}};
  const esp_barrier b =
      esp_interpolation_barrier(&(esp_interpolation){p, 3, 1, 0.0}, ESP_INTERPOLATION_WEIGHTED);
  ck_assert_double_eq_tol(b.error[0], 0.1, 1e-12);
  ck_assert_double_eq_tol(b.error[1], 0.3, 1e-12);
  ck_assert_double_eq_tol(b.worst_error, 0.5, 1e-12);
  ck_assert_double_eq_tol(b.error_barrier, 0.3, 1e-12);
  ck_assert_double_eq_tol(b.loss_barrier, 1.5, 1e-12);
}
END_TEST

/* The ends are points too: a line that is best in its middle has the barrier of its worse end. */
START_TEST(a_valley_has_no_barrier_but_its_ends) {
  esp_interpolation_point p[] = {
      {0.0, {metrics(3, 6)}}, {0.5, {metrics(1, 9)}}, {1.0, {metrics(3, 6)}}};
  const esp_barrier b =
      esp_interpolation_barrier(&(esp_interpolation){p, 3, 1, 0.0}, ESP_INTERPOLATION_WEIGHTED);
  ck_assert_double_eq_tol(b.error_barrier, 0.0, 1e-12);
  ck_assert_double_eq_tol(b.loss_barrier, 0.0, 1e-12);
}
END_TEST

int main(void) {
  Suite *s = suite_create("line");
  TCase *t = tcase_create("line");
  tcase_add_test(t, barrier_by_hand);
  tcase_add_test(t, a_valley_has_no_barrier_but_its_ends);
  suite_add_tcase(s, t);
  return suite_run(s);
}
