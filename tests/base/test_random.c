/* Random numbers are functions of a key and an index, whatever asks for them. */
#include "base/mathx_blocks.h"
#include "suite.h"

#include <espalier/random.h>

#include <math.h>
#include <stdlib.h>

/* Many at once are those of one by one, to the bit: counts that fill no block, and none. */
START_TEST(normals_are_those_of_one_by_one) {
  static const size_t counts[] = {0, 1, 15, 16, 17, 1000};
  float x[1001];
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    for (size_t i = 0; i < 1001; i++) x[i] = -7.0f;
    esp_random_normals(5, 0.3, x, counts[c]);
    for (size_t i = 0; i < counts[c]; i++)
      ck_assert_float_eq(x[i], (float)(esp_random_normal(5, i) * 0.3));
    ck_assert_float_eq(x[counts[c]], -7.0f);
  }
}
END_TEST

/* Mean, variance and the share within one deviation (0.6827) of 100,000: within five standard
 * errors. */
START_TEST(normals_are_normal) {
  enum { COUNT = 100000 };
  double sum = 0.0, squares = 0.0;
  int near = 0;
  float *x = malloc(COUNT * sizeof *x);
  esp_random_normals(11, 1.0, x, COUNT);
  for (int i = 0; i < COUNT; i++) {
    sum += (double)x[i];
    squares += (double)x[i] * (double)x[i];
    near += fabsf(x[i]) < 1.0f;
  }
  free(x);
  ck_assert_double_le(fabs(sum / COUNT), 5.0 * sqrt(1.0 / COUNT));
  ck_assert_double_le(fabs(squares / COUNT - 1.0), 5.0 * sqrt(2.0 / COUNT));
  ck_assert_double_le(fabs(near / (double)COUNT - 0.6827), 5.0 * sqrt(0.6827 * 0.3173 / COUNT));
}
END_TEST

/* Against libm, over what callers give. */
START_TEST(logarithm_and_cosine_are_right) {
  for (int i = 1; i <= 20000; i++) {
    const double x = i / 700.0, log_x = log(x), cos_x = cos(x);
    ck_assert_double_le(fabs(esp__log(x) - log_x), 1e-14 * fmax(1.0, fabs(log_x)));
    ck_assert_double_le(fabs(esp__cos(x) - cos_x), 1e-13);
    ck_assert_double_eq(esp__cos(-x), esp__cos(x));
  }
}
END_TEST

/* Against libm, from the smallest number above 0 on; several logarithms at once are those
 * one by one. */
START_TEST(exponentials_and_logarithms_are_right_everywhere) {
  for (int i = -7450; i <= 7090; i++) {
    const double x = i / 10.0, exact = exp(x), e = esp__exp(x);
    ck_assert_double_le(fabs(e - exact), 1e-13 * exact + 0x1p-1074);
    ck_assert_double_le(fabs(esp__log(exact) - log(exact)), 1e-14 * fabs(log(exact)) + 1e-15);
    double logs[] = {exact, 1.0, 2.0, fmax(exact, 3.0)};
    esp__log_block(logs, 4);
    ck_assert(logs[0] == esp__log(exact) && logs[1] == 0.0 && logs[3] == esp__log(fmax(exact, 3)));
  }
}
END_TEST

/* What is no number does not become one. */
START_TEST(infinities_stay) {
  ck_assert(esp__exp(1e300) == HUGE_VAL && esp__exp(HUGE_VAL) == HUGE_VAL);
  ck_assert(esp__exp(-1e300) == 0.0 && esp__exp(-HUGE_VAL) == 0.0);
  ck_assert(isnan(esp__exp(NAN)) && isnan(esp__log(NAN)) && isnan(esp__log(HUGE_VAL)));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("random");
  TCase *t = tcase_create("random");
  tcase_add_test(t, normals_are_those_of_one_by_one);
  tcase_add_test(t, normals_are_normal);
  tcase_add_test(t, logarithm_and_cosine_are_right);
  tcase_add_test(t, exponentials_and_logarithms_are_right_everywhere);
  tcase_add_test(t, infinities_stay);
  suite_add_tcase(suite, t);
  return suite_run(suite);
}
