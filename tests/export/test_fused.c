/* The fused multiply-add of exported programs, as processors without one compute it. */
#undef __FP_FAST_FMAF
#undef __FMA__
#undef __ARM_FEATURE_FMA
#include <stdint.h>
#include <string.h>

#include "export/runtime/fused.c"

#include "suite.h"

#include <espalier/random.h>

#include <math.h>

static float float_of(uint32_t bits) {
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

static void expect(float a, float b, float c) {
  const float want = fmaf(a, b, c), have = fused(a, b, c);
  if (memcmp(&want, &have, sizeof want) == 0 || (isnan(want) && isnan(have))) return;
  ck_abort_msg("%a * %a + %a: %a, expected %a", (double)a, (double)b, (double)c, (double)have,
               (double)want);
}

/* 1 + 2^-12 squared is 1 + 2^-11 + 2^-24, half a step above a float; a tiny number more or less
 * decides, which a double does not hold. */
START_TEST(what_rounding_twice_gets_wrong) {
  const float a = 1.0f + 0x1p-12f;
  expect(a, a, 0x1p-60f);
  expect(a, a, -0x1p-60f);
  expect(-a, a, 0x1p-60f);
  ck_assert(fused(a, a, 0x1p-60f) == 1.0f + 0x1p-11f + 0x1p-23f);
  ck_assert(fused(a, a, -0x1p-60f) == 1.0f + 0x1p-11f);
  ck_assert((float)((double)a * (double)a - 0x1p-60) != fused(a, a, 0x1p-60f)); /* not in double */
}
END_TEST

START_TEST(small_numbers_keep_fewer_bits) {
  expect(0x1p-75f, 0x1.8p-75f, 0x1p-149f);
  expect(0x1.000002p-63f, 0x1.fffffep-64f, 0x1p-126f);
  expect(0x1p-100f, -0x1p-100f, 0.0f);
  expect(0x1p-100f, 0x1p-100f, -0x1p-149f);
  expect(1.0f, -1.0f, 1.0f);
  expect(-0.0f, 1.0f, 0.0f);
}
END_TEST

START_TEST(any_bits) {
  for (uint64_t i = 0; i < 1000000; i++)
    expect(float_of((uint32_t)esp_random(7, 3 * i)), float_of((uint32_t)esp_random(7, 3 * i + 1)),
           float_of((uint32_t)esp_random(7, 3 * i + 2)));
}
END_TEST

/* Factors of few bits, and sums of few: products often lie half-way between two floats. */
START_TEST(half_way) {
  for (uint64_t i = 0; i < 1000000; i++) {
    const uint64_t r = esp_random(9, i);
    const float a = ldexpf((float)(r & 0x1fff), -12), b = ldexpf((float)(r >> 13 & 0x1fff), -12),
                c = ldexpf((float)(r >> 26 & 3) - 1.0f, -(int)(r >> 30 & 63));
    expect(a, b, c);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fused");
  TCase *all = tcase_create("fused");
  tcase_add_test(all, what_rounding_twice_gets_wrong);
  tcase_add_test(all, small_numbers_keep_fewer_bits);
  tcase_add_test(all, any_bits);
  tcase_add_test(all, half_way);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
