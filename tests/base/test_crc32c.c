/* The examples of RFC 3720, appendix B.4, and the usual check value. */
#include "base/crc32c.h"
#include "suite.h"

#include <string.h>

START_TEST(examples) {
  uint8_t bytes[32];
  memset(bytes, 0, sizeof bytes);
  ck_assert_uint_eq(esp__crc32c(bytes, sizeof bytes), 0x8a9136aa);
  memset(bytes, 0xff, sizeof bytes);
  ck_assert_uint_eq(esp__crc32c(bytes, sizeof bytes), 0x62a8ab43);
  for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
  ck_assert_uint_eq(esp__crc32c(bytes, sizeof bytes), 0x46dd794e);
  ck_assert_uint_eq(esp__crc32c("123456789", 9), 0xe3069283);
  ck_assert_uint_eq(esp__crc32c("", 0), 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("crc32c");
  TCase *c = tcase_create("crc32c");
  tcase_add_test(c, examples);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
