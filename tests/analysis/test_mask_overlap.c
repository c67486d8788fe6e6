/* Overlaps of masks against numbers worked by hand. */
#include <espalier/mask_overlap.h>
#include "suite.h"

#include <math.h>

/* n = 8, a = 4, b = 2, one in common: by chance 4 * 2 / 8 = 1, variance 4/8 * 2/8 * 4 * 6 / 7. */
START_TEST(two_masks_by_hand) {
  static const uint8_t a[] = {1, 1, 1, 1, 0, 0, 0, 0}, b[] = {0, 0, 0, 1, 1, 0, 0, 0};
  const esp_overlap o = esp_overlap_of(a, b, 8);
  ck_assert(o.weights == 8 && o.kept[0] == 4 && o.kept[1] == 2 && o.common == 1);
  ck_assert_double_eq_tol(o.chance, 1.0, 1e-15);
  ck_assert_double_eq_tol(o.variance, 3.0 / 7.0, 1e-15);
  ck_assert_double_eq_tol(esp_overlap_jaccard(&o, 1.0), 0.2, 1e-15);
  ck_assert_double_eq_tol(esp_overlap_share(&o, 1.0), 0.5, 1e-15);
  ck_assert_double_eq(esp_overlap_deviations(&o), 0.0);
}
END_TEST

/* The mean over all pairs of masks of three of five and two of five weights is what chance is said
 * to give, and so is their variance. */
START_TEST(chance_is_the_mean_over_all_masks) {
  double sum = 0.0, squares = 0.0, chance = 0.0, variance = 0.0;
  int pairs = 0;
  for (unsigned x = 0; x < 32; x++)
    for (unsigned y = 0; y < 32; y++) {
      uint8_t a[5], b[5];
      for (unsigned i = 0; i < 5; i++) a[i] = x >> i & 1, b[i] = y >> i & 1;
      const esp_overlap o = esp_overlap_of(a, b, 5);
      if (o.kept[0] != 3 || o.kept[1] != 2) continue;
      sum += (double)o.common;
      squares += (double)(o.common * o.common);
      chance = o.chance;
      variance = o.variance;
      pairs++;
    }
  const double mean = sum / pairs;
  ck_assert_int_eq(pairs, 100);
  ck_assert_double_eq_tol(chance, mean, 1e-12);
  ck_assert_double_eq_tol(variance, squares / pairs - mean * mean, 1e-12);
}
END_TEST

/* Sums keep the layers' own chances: two layers in which nothing is left to chance have none
 * together. */
START_TEST(layers_add_up) {
  static const uint8_t full[] = {1, 1, 1}, none[] = {0, 0, 0};
  esp_overlap all = {0}, first = esp_overlap_of(full, full, 3),
              second = esp_overlap_of(none, none, 3);
  esp_overlap_add(&all, &first);
  esp_overlap_add(&all, &second);
  ck_assert(all.weights == 6 && all.kept[0] == 3 && all.common == 3);
  ck_assert_double_eq(all.chance, 3.0);
  ck_assert_double_eq(esp_overlap_deviations(&all), 0.0);
  ck_assert_double_eq(esp_overlap_jaccard(&second, 0.0), 1.0); /* both keep nothing, and the same */
  ck_assert_double_eq(esp_overlap_share(&second, 0.0), 1.0);
}
END_TEST

int main(void) {
  Suite *s = suite_create("overlap");
  TCase *t = tcase_create("overlap");
  tcase_add_test(t, two_masks_by_hand);
  tcase_add_test(t, chance_is_the_mean_over_all_masks);
  tcase_add_test(t, layers_add_up);
  suite_add_tcase(s, t);
  return suite_run(s);
}
