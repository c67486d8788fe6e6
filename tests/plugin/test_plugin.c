/* Plugins that are opened, and those that are refused, each with a sentence that says why. */
#include "suite.h"

#include <espalier/file.h>
#include <espalier/plugin.h>
#include <espalier/prune.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static esp_error err;
static char path[4096];

/* One of those that the build made. */
static const char *plugin(const char *name) {
  const char *folder = getenv("PLUGINS");
  ck_assert_ptr_nonnull(folder);
  snprintf(path, sizeof path, "%s/%s.so", folder, name);
  return path;
}

static void check_refused(const char *file, const char *message) {
  char expected[5000];
  snprintf(expected, sizeof expected, "%s: %s", file, message);
  ck_assert_int_eq(esp_plugin_load(file, NULL, &err), ESP_ERR_INPUT);
  ck_assert_msg(strncmp(err.text, expected, strlen(expected)) == 0, "%s", err.text);
}

START_TEST(a_plugin_registers_what_it_holds) {
  const esp_loaded_plugin *p;
  ck_assert_ptr_null(esp_criterion_find("sample"));
  ck_assert_int_eq(esp_plugin_load(plugin("sample"), &p, &err), ESP_OK);
  ck_assert_ptr_nonnull(esp_criterion_find("sample"));
  ck_assert_str_eq(p->name, "sample");
  ck_assert_str_eq(p->version, "1.0");
  ck_assert_int_eq(p->path[0], '/');
  ck_assert_uint_eq(strlen(p->sha256), 64);
  ck_assert_ptr_eq(esp_plugin_at(0), p);
  ck_assert_ptr_null(esp_plugin_at(1));
}
END_TEST

START_TEST(the_same_content_is_loaded_once) {
  const esp_loaded_plugin *first, *second;
  char copy[] = "/tmp/espalier-plugin-XXXXXX", *data;
  size_t bytes;
  ck_assert_int_eq(esp_plugin_load(plugin("sample"), &first, &err), ESP_OK);
  ck_assert_int_eq(esp_plugin_load(path, &second, &err), ESP_OK);
  ck_assert_ptr_eq(first, second);
  const int file = mkstemp(copy);
  ck_assert_int_ge(file, 0);
  close(file);
  ck_assert_int_eq(esp_file_read(path, 1 << 24, &data, &bytes, &err), ESP_OK);
  ck_assert_int_eq(esp_file_write(copy, data, bytes, &err), ESP_OK);
  ck_assert_int_eq(esp_plugin_load(copy, &second, &err), ESP_OK);
  ck_assert_ptr_eq(first, second);
  ck_assert_ptr_null(esp_plugin_at(1));
  free(data);
  unlink(copy);
}
END_TEST

START_TEST(other_content_with_the_same_name_is_refused) {
  ck_assert_int_eq(esp_plugin_load(plugin("sample"), NULL, &err), ESP_OK);
  check_refused(plugin("other"), "holds another plugin 'sample' than /");
  ck_assert_ptr_null(esp_plugin_at(1));
}
END_TEST

START_TEST(what_is_no_plugin_is_refused) {
  check_refused("/tmp/no-such-plugin.so", "no such plugin");
  check_refused("/dev/null", "is not a regular file");
  check_refused("/etc/passwd", "not a shared object");
  check_refused(plugin("bare"), "no plugin of Espalier: expected the symbol esp_plugin_entry");
  check_refused(plugin("strange"), "esp_plugin_entry: expected a name and a version, words");
  check_refused(plugin("old"), "made for version 0 of the plugin interface, expected 5");
  ck_assert_ptr_null(esp_plugin_at(0));
  ck_assert_ptr_null(esp_criterion_find("sample"));
}
END_TEST

START_TEST(what_cannot_be_opened_is_refused) {
  char file[] = "/tmp/espalier-plugin-XXXXXX";
  const int descriptor = mkstemp(file);
  ck_assert_int_ge(descriptor, 0);
  ck_assert_int_eq(write(descriptor, "\177ELF and no more", 16), 16);
  close(descriptor);
  check_refused(file, "cannot be opened as a plugin: ");
  unlink(file);
}
END_TEST

START_TEST(a_plugin_that_does_not_start_says_why) {
  check_refused(plugin("failing"),
                "the plugin 'failing' does not start: this machine is too small");
  check_refused(plugin("taken"),
                "the plugin 'taken' does not start: criterion 'magnitude': the name is taken");
  ck_assert_ptr_null(esp_plugin_at(0));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("plugins");
  TCase *c = tcase_create("loading"); /* each test in a process of its own: a plugin stays */
  tcase_add_test(c, a_plugin_registers_what_it_holds);
  tcase_add_test(c, the_same_content_is_loaded_once);
  tcase_add_test(c, other_content_with_the_same_name_is_refused);
  tcase_add_test(c, what_is_no_plugin_is_refused);
  tcase_add_test(c, what_cannot_be_opened_is_refused);
  tcase_add_test(c, a_plugin_that_does_not_start_says_why);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
