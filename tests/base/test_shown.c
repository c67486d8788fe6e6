/* Text from outside gives a terminal no orders, wherever it is shown. */
#include "base/shown.h"
#include "suite.h"

#include <espalier/status.h>

#include <string.h>

static const struct {
  const char *text, *shown;
} cases[] = {
    {"", ""},
    {"cat", "cat"},
    {"K\xc3\xa4tzchen \xe7\x8c\xab \xf0\x9f\x90\x88",
     "K\xc3\xa4tzchen \xe7\x8c\xab \xf0\x9f\x90\x88"},
    {"a\\x1b", "a\\x1b"},
    {"\x1b[31mred", "\\x1b[31mred"},
    {"a\nb\tc\r\a\x7f", "a\\x0ab\\x09c\\x0d\\x07\\x7f"},
    {"\xc2\x9b"
     "31m",
     "\\xc2\\x9b31m"}, /* CSI of C1 */
    {"\x9b"
     "31m\xff",
     "\\x9b31m\\xff"},                                 /* no UTF-8 */
    {"\xe2\x80\xaegnp.cat", "\\xe2\\x80\\xaegnp.cat"}, /* from right to left */
    {"\xe2\x81\xa6x", "\\xe2\\x81\\xa6x"},
    {"\xc3", "\\xc3"},
    {"\xe2\x80", "\\xe2\\x80"},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(orders_are_escaped) {
  ck_assert_str_eq(ESP_SHOWN(cases[_i].text), cases[_i].shown);
}
END_TEST

START_TEST(what_is_too_long_is_cut_between_characters) {
  char to[8];
  esp__escape("\x1b\x1b", "", to, sizeof to);
  ck_assert_str_eq(to, "\\x1b");
  esp__escape("abcdef\xc3\xa4", "", to, sizeof to);
  ck_assert_str_eq(to, "abcdef");
  esp__escape("a\nb\x1b", "\n", to, sizeof to);
  ck_assert_str_eq(to, "a\nb\\x1b");
}
END_TEST

START_TEST(messages_are_one_line_without_orders) {
  esp_error err;
  esp_fail(&err, ESP_ERR_INPUT, "%s: no such\nfile", "\x1b]0;title\a");
  ck_assert_str_eq(err.text, "\\x1b]0;title\\x07: no such file");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("shown");
  TCase *tests = tcase_create("text");
  tcase_add_loop_test(tests, orders_are_escaped, 0, CASES);
  tcase_add_test(tests, what_is_too_long_is_cut_between_characters);
  tcase_add_test(tests, messages_are_one_line_without_orders);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
