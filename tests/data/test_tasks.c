/* data.tasks: what is understood, and what is said of what is not. */
#include "suite.h"

#include <espalier/data.h>

#include <stdint.h>
#include <string.h>

enum { CLASSES = 5 };
static char *const names[CLASSES] = {"plane", "cat", "dog", "big ship", "0"};

static esp_status take(esp_tasks *t, const char *tasks, esp_numbers weights, esp_error *err) {
  const esp_data_options o = {.tasks = (char *)(uintptr_t)tasks, .task_weights = weights};
  return esp_tasks_read(t, &o, names, CLASSES, err);
}

START_TEST(the_class_alone) {
  esp_tasks t;
  ck_assert(take(&t, "", (esp_numbers){{0}, 0}, NULL) == ESP_OK);
  ck_assert_int_eq(t.count, 1);
  ck_assert_int_eq(esp_tasks_outputs(&t), CLASSES);
  for (int c = 0; c < CLASSES; c++) ck_assert_int_eq(esp_task_answer(&t.item[0], c), c);
  ck_assert(t.item[0].weight == 1.0f);
  esp_tasks_free(&t);
}
END_TEST

/* A name comes before a number: class "0" is the last, and 3 is the one whose name has a space. */
START_TEST(groups) {
  static const int kind[] = {0, 1, 1, 0, 0}, third[] = {2, 0, 1, 0, 2};
  esp_tasks t, copy;
  ck_assert(take(&t, "kind: plane 3\n0 |\tcat dog\nthird:cat 3|2|plane 4",
                 (esp_numbers){{1, 0.5, 0}, 3}, NULL) == ESP_OK);
  ck_assert(esp_tasks_copy(&copy, &t, NULL) == ESP_OK);
  esp_tasks_free(&t);
  ck_assert_int_eq(copy.count, 3);
  ck_assert_str_eq(copy.item[1].name, "kind");
  ck_assert_int_eq(copy.item[1].first, CLASSES);
  ck_assert_int_eq(copy.item[1].answers, 2);
  ck_assert_int_eq(copy.item[2].first, CLASSES + 2);
  ck_assert_int_eq(esp_tasks_outputs(&copy), CLASSES + 2 + 3);
  ck_assert(copy.item[1].weight == 0.5f && copy.item[2].weight == 0.0f);
  for (int c = 0; c < CLASSES; c++) {
    ck_assert_int_eq(esp_task_answer(&copy.item[1], c), kind[c]);
    ck_assert_int_eq(esp_task_answer(&copy.item[2], c), third[c]);
  }
  esp_tasks_free(&copy);
}
END_TEST

static const struct {
  const char *tasks, *says;
  esp_numbers weights;
} wrong[] = {
    {"plane 3 0 | cat dog", "tasks:1: expected 'name: classes | classes'", {{0}, 0}},
    {"a: plane 3 0 | cat dog\nb: plane 3 0 | cat dgo",
     "tasks:2: unknown class 'dgo'; did you mean 'dog'?",
     {{0}, 0}},
    {"a: plane 3 0\n | cat dog\nb: plane 3 0 | cat 5", "tasks:3: unknown class '5'; ", {{0}, 0}},
    {"a: plane 3 0 | cat 99999999999999999999", "tasks:1: unknown class '999", {{0}, 0}},
    {"a: plane 3 0 | cat dog plane", "tasks:1: class 'plane' is named twice", {{0}, 0}},
    {"a: plane 3 | cat dog", "tasks:1: class '0' is in no group", {{0}, 0}},
    {"a: plane 3 0 cat dog", "tasks:1: one group", {{0}, 0}},
    {"a: plane 3 0 cat dog |", "tasks:1: a group without classes", {{0}, 0}},
    {"a: | plane 3 0 cat dog", "tasks:1: a group without classes", {{0}, 0}},
    {"a:", "tasks:1: a group without classes", {{0}, 0}},
    {": plane 3 0 | cat dog", "tasks:1: the name ''", {{0}, 0}},
    {"a.b: plane 3 0 | cat dog", "tasks:1: the name 'a.b'", {{0}, 0}},
    {"class: plane 3 0 | cat dog", "tasks:1: a second task 'class'", {{0}, 0}},
    {"abcdefghijklmnopqrstuvwxyz-1234567: plane 3 0 | cat dog", "tasks:1: the name 'abc", {{0}, 0}},
    {"a: 0 1|2 3 4\nb: 0 1|2 3 4\nc: 0 1|2 3 4\nd: 0 1|2 3 4\ne: 0 1|2 3 4\nf: 0 1|2 3 4\n"
     "g: 0 1|2 3 4\nh: 0 1|2",
     "tasks:1: class '0' is named twice",
     {{0}, 0}},
    {"a: plane cat|2 3 0\nb: plane cat|2 3 0\nc: plane cat|2 3 0\nd: plane cat|2 3 0\n"
     "e: plane cat|2 3 0\n"
     "f: plane cat|2 3 0\ng: plane cat|2 3 0\nh: plane cat|2 3 0",
     "tasks:8: one task too many",
     {{0}, 0}},
    {"a: plane 3 0 | cat dog", "task_weights: 1 numbers for 2 tasks", {{1}, 1}},
    {"a: plane 3 0 | cat dog", "task_weights: all are 0", {{0, 0}, 2}},
};

START_TEST(wrong_tasks) {
  esp_tasks t;
  esp_error err = {.text = ""};
  ck_assert(take(&t, wrong[_i].tasks, wrong[_i].weights, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "%s", err.text);
}
END_TEST

int main(void) {
  Suite *s = suite_create("task lines");
  TCase *t = tcase_create("task lines");
  tcase_add_test(t, the_class_alone);
  tcase_add_test(t, groups);
  tcase_add_loop_test(t, wrong_tasks, 0, sizeof wrong / sizeof *wrong);
  suite_add_tcase(s, t);
  return suite_run(s);
}
