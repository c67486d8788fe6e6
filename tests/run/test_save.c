/* Files of weights that a program saves can be opened again, or are not written. */
#include "folder.h"
#include "suite.h"

#include <espalier/run.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char config_text[] = "[model]\narch = custom\nlayers =\n  flatten\n  linear classes\n";

static char *folder, file[FOLDER_PATH_MAX];
static esp_error err;

static void make_folder(void) {
  folder = folder_make();
  snprintf(file, sizeof file, "%s/x", folder);
}

static void remove_folder(void) {
  unlink(file);
  ck_assert_int_eq(rmdir(folder), 0);
  free(folder);
}

/* A network of two classes. */
static esp_model *make_model(void) {
  esp_config c;
  esp_model *model;
  ck_assert_int_eq(esp_config_parse(&c, "x", config_text, 0, NULL, &err), ESP_OK);
  ck_assert_int_eq(esp_model_new(&model, &c.model, (esp_shape){1, 2, 2}, 2, 1, &err), ESP_OK);
  esp_config_free(&c);
  return model;
}

static const struct {
  esp_provenance from;
  const char *expected; /* NULL: it can be saved */
} sorts[] = {
    {{config_text, "cat\ndog\n"}, NULL},
    {{config_text, "cat\ndog"}, NULL},
    {{"", "cat\n\n"}, NULL},
    {{config_text, "cat\n"}, "/x: 1 names of classes, expected the network's 2, one a line"},
    {{config_text, ""}, "/x: 0 names of classes"},
    {{config_text, "cat\ndog\nant\n"}, "/x: 3 names of classes"},
    {{config_text, NULL}, "expected a configuration and the names of classes"},
    {{NULL, "cat\ndog\n"}, "expected a configuration and the names of classes"},
    {{"[train]\nlr = fast\n", "cat\ndog\n"}, "/x:2: lr = 'fast'"},
    {{config_text, "cat\n\xff\n"}, "metadata 'espalier.classes' is not plain UTF-8 text"},
};
enum { SORTS = sizeof sorts / sizeof *sorts };

static void opens(void) {
  esp_loaded_run o;
  ck_assert_msg(esp_load_run(&o, file, false, 0, NULL, &err) == ESP_OK, "%s", err.text);
  ck_assert_str_eq(o.class_name[0], "cat");
  esp_loaded_run_free(&o);
}

START_TEST(what_is_saved_can_be_opened) {
  esp_model *model = make_model();
  for (int packed = 0; packed < 2; packed++) {
    const esp_status status = packed ? esp_weights_pack(model, sorts[_i].from, file, NULL, &err)
                                     : esp_weights_save(model, sorts[_i].from, file, &err);
    if (sorts[_i].expected) {
      ck_assert_int_eq(status, ESP_ERR_INPUT);
      ck_assert_msg(strstr(err.text, sorts[_i].expected), "%s", err.text);
      ck_assert_int_ne(access(file, F_OK), 0);
    } else {
      ck_assert_msg(status == ESP_OK, "%s", err.text);
      opens();
    }
  }
  esp_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("save");
  TCase *tests = tcase_create("save");
  tcase_add_checked_fixture(tests, make_folder, remove_folder);
  tcase_add_loop_test(tests, what_is_saved_can_be_opened, 0, SORTS);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
