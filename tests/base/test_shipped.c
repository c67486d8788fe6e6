/* Files that come with Espalier are found by name: here first, then where they were installed. */
#include "base/shipped.h"
#include "folder.h"
#include "suite.h"

#include <espalier/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *folder, path[ESP_SHIPPED_PATH_MAX];
static esp_error err;

static void put(const char *name) {
  ck_assert_int_eq(esp_file_write(name, "", 0, &err), ESP_OK);
}

/* The current directory is here/, with configs/; the installed folder is there/. */
static void set_up(void) {
  folder = folder_make();
  ck_assert_int_eq(chdir(folder), 0);
  ck_assert_int_eq(esp_directory_make("here/configs", &err), ESP_OK);
  ck_assert_int_eq(esp_directory_make("there/configs/papers", &err), ESP_OK);
  ck_assert_int_eq(chdir("here"), 0);
  put("plain.ini");
  put("configs/plain.ini");
  put("configs/own.ini");
  put("../there/configs/own.ini");
  put("../there/configs/papers/han.ini");
  setenv("ESPALIER_DATA", "../there", 1);
}

static void tear_down(void) {
  ck_assert_int_eq(chdir("/"), 0);
  folder_remove(folder);
}

static void check_found(const char *name, const char *expected) {
  ck_assert_int_eq(esp__shipped_find(name, ".ini", "missing", path, &err), ESP_OK);
  ck_assert_str_eq(path, expected);
}

static void check_missing(const char *name, const char *message) {
  ck_assert_int_eq(esp__shipped_find(name, ".ini", "missing", path, &err), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text, message);
}

START_TEST(what_is_here_comes_first) {
  check_found("plain.ini", "plain.ini");
  check_found("plain", "configs/plain.ini");
  check_found("own", "configs/own.ini");
}
END_TEST

START_TEST(what_is_not_here_is_looked_for_where_it_was_installed) {
  check_found("han", "../there/configs/papers/han.ini");
  check_found("han.ini", "../there/configs/papers/han.ini");
  check_found("papers/han.ini", "../there/configs/papers/han.ini");
  check_found("configs/papers/han.ini", "../there/configs/papers/han.ini");
}
END_TEST

START_TEST(a_folder_of_that_name_is_no_file) {
  ck_assert_int_eq(esp_directory_make("han", &err), ESP_OK);
  ck_assert_int_eq(esp_directory_make("empty", &err), ESP_OK);
  check_found("han", "../there/configs/papers/han.ini");
  check_found("empty", "empty");
  ck_assert_int_eq(esp__shipped_config_or_folder("han", path, &err), ESP_OK);
  ck_assert_str_eq(path, "han");
}
END_TEST

START_TEST(a_path_that_says_where_is_not_looked_for) {
  check_found("../there/configs/own.ini", "../there/configs/own.ini");
  check_missing("./han.ini", "./han.ini: missing");
  check_missing("/han.ini", "/han.ini: missing");
}
END_TEST

START_TEST(what_is_nowhere_is_told_with_where_it_was_looked_for) {
  check_missing("gone",
                "gone: missing (looked for here, in configs, in configs/papers, "
                "and below ../there)");
  char name[ESP_SHIPPED_PATH_MAX + 10];
  memset(name, 'n', sizeof name);
  name[sizeof name - 1] = '\0';
  ck_assert_int_eq(esp__shipped_find(name, ".ini", "missing", path, &err), ESP_ERR_INPUT);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("shipped files");
  TCase *c = tcase_create("finding");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_add_test(c, what_is_here_comes_first);
  tcase_add_test(c, what_is_not_here_is_looked_for_where_it_was_installed);
  tcase_add_test(c, a_folder_of_that_name_is_no_file);
  tcase_add_test(c, a_path_that_says_where_is_not_looked_for);
  tcase_add_test(c, what_is_nowhere_is_told_with_where_it_was_looked_for);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
