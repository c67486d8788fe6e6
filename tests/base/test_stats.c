/* Against closed forms of Student's distribution, and examples worked by hand. */
#include <espalier/stats.h>
#include "suite.h"

#include <math.h>
#include <stdlib.h>

static esp_stats_moments moments(const double *value, int n) {
  esp_stats_moments m = {0};
  for (int i = 0; i < n; i++) esp_stats_moments_add(&m, value[i]);
  return m;
}
#define MOMENTS(...)                     \
  moments((const double[]){__VA_ARGS__}, \
          (int)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

START_TEST(mean_and_deviation) {
  const esp_stats_moments m = MOMENTS(2, 4, NAN, 4, 4, 5, 5, 7, 9), one = MOMENTS(3), none = {0};
  ck_assert_int_eq(m.n, 8);
  ck_assert_double_eq_tol(esp_stats_mean(&m), 5.0, 1e-14);
  ck_assert_double_eq_tol(esp_stats_sd(&m), sqrt(32.0 / 7.0), 1e-14);
  ck_assert_double_eq(esp_stats_mean(&one), 3.0);
  ck_assert(isnan(esp_stats_sd(&one)) && isnan(esp_stats_mean(&none)) &&
            isnan(esp_stats_sd(&none)));
}
END_TEST

START_TEST(deviation_of_numbers_far_from_zero) {
  const esp_stats_moments m = MOMENTS(1e9 + 1, 1e9 + 2, 1e9 + 3);
  ck_assert_double_eq_tol(esp_stats_sd(&m), 1.0, 1e-6);
}
END_TEST

/* With 1, 2 and 4 degrees of freedom the distribution has a closed form. */
START_TEST(student_in_closed_form) {
  const double pi = acos(-1.0);
  for (double t = -40.0; t <= 40.0; t += 0.37) {
    const double a = fabs(t), r = a / sqrt(4.0 + t * t);
    ck_assert_double_eq_tol(esp_stats_student_p(t, 1.0), 1.0 - 2.0 / pi * atan(a), 1e-12);
    ck_assert_double_eq_tol(esp_stats_student_p(t, 2.0), 1.0 - a / sqrt(2.0 + t * t), 1e-12);
    ck_assert_double_eq_tol(esp_stats_student_p(t, 4.0), 1.0 - 1.5 * (r - r * r * r / 3.0), 1e-12);
  }
  ck_assert_double_eq(esp_stats_student_p(0.0, 7.3), 1.0);
}
END_TEST

/* With many degrees of freedom it is the normal distribution, but for terms of order
 * 1 / freedom. */
START_TEST(student_with_many_degrees_of_freedom) {
  for (double t = 0.1; t < 5.0; t += 0.3)
    ck_assert_double_eq_tol(esp_stats_student_p(t, 1e5), erfc(t / sqrt(2.0)), 1e-5);
}
END_TEST

/* The inverse, where there is a closed form, and of the normal distribution. */
START_TEST(student_inverted) {
  const double pi = acos(-1.0);
  for (double p = 0.01; p < 1.0; p += 0.07) {
    const double a = 1.0 - p;
    ck_assert_double_eq_tol(esp_stats_student_t(p, 1.0), tan(pi / 2.0 * a), 1e-8);
    ck_assert_double_eq_tol(esp_stats_student_t(p, 2.0), a * sqrt(2.0 / (1.0 - a * a)), 1e-8);
  }
  ck_assert_double_eq_tol(esp_stats_student_t(0.05, INFINITY), 1.959964, 1e-5);
}
END_TEST

START_TEST(welch) {
  const esp_stats_moments a = MOMENTS(1, 2, 3), b = MOMENTS(4, 6, 6, 8);
  const double va = 1.0, vb = 8.0 / 3.0, u = va / 3.0, v = vb / 4.0;
  const esp_stats_difference d = esp_stats_welch(a, b);
  ck_assert_double_eq_tol(d.mean, 4.0, 1e-14);
  ck_assert_double_eq_tol(d.error, sqrt(u + v), 1e-14);
  ck_assert_double_eq_tol(d.t, 4.0 / sqrt(u + v), 1e-13);
  ck_assert_double_eq_tol(d.freedom, (u + v) * (u + v) / (u * u / 2.0 + v * v / 3.0), 1e-12);
  ck_assert_double_eq(d.p, esp_stats_student_p(d.t, d.freedom));
}
END_TEST

START_TEST(pairs) {
  const esp_stats_difference d = esp_stats_paired(MOMENTS(1, 2, 3));
  ck_assert_double_eq_tol(d.t, 2.0 * sqrt(3.0), 1e-13);
  ck_assert_double_eq(d.freedom, 2.0);
  ck_assert_double_eq_tol(d.p, 1.0 - 2.0 * sqrt(3.0) / sqrt(14.0), 1e-12);
}
END_TEST

START_TEST(no_test_without_spread) {
  ck_assert(isnan(esp_stats_welch(MOMENTS(1), MOMENTS(2, 3)).p));
  ck_assert_double_eq(esp_stats_welch(MOMENTS(1), MOMENTS(2, 3)).mean, 1.5);
  ck_assert(isnan(esp_stats_welch(MOMENTS(1, 1), MOMENTS(2, 2)).p));
  ck_assert(isnan(esp_stats_paired(MOMENTS(1, 1, 1)).p));
  /* Equal differences but for rounding: the last digit is no spread. */
  const esp_stats_moments equal = MOMENTS(0.9253 - 0.9301, 0.9211 - 0.9259, 0.9310 - 0.9358);
  ck_assert(equal.squares > 0.0 && isnan(esp_stats_paired(equal).p));
  ck_assert(!isnan(esp_stats_paired(MOMENTS(-0.0048, -0.0048, -0.00480001)).p));
}
END_TEST

START_TEST(holm) {
  double p[] = {0.01, 0.04, NAN, 0.03, 0.005, 0.9};
  int rank[6];
  esp_stats_holm(p, 6, rank);
  const double expected[] = {0.04, 0.09, NAN, 0.09, 0.025, 0.9};
  for (int i = 0; i < 6; i++)
    if (i == 2)
      ck_assert(isnan(p[i]));
    else
      ck_assert_double_eq_tol(p[i], expected[i], 1e-15);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("stats");
  TCase *c = tcase_create("stats");
  tcase_add_test(c, mean_and_deviation);
  tcase_add_test(c, deviation_of_numbers_far_from_zero);
  tcase_add_test(c, student_in_closed_form);
  tcase_add_test(c, student_with_many_degrees_of_freedom);
  tcase_add_test(c, student_inverted);
  tcase_add_test(c, welch);
  tcase_add_test(c, pairs);
  tcase_add_test(c, no_test_without_spread);
  tcase_add_test(c, holm);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
