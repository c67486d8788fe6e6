/* Tables of numbers with real-valued targets: which columns are what, splits, units. */
#include "files.h"
#include "suite.h"

#include <espalier/tensor.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *folder;
static esp_dataset *set;
static esp_data_options opt;
static esp_error err;

static void setup(void) {
  static char y[] = "y";
  folder = folder_make();
  opt = options_for("csv", folder);
  opt.table.target = y;
}

static void teardown(void) {
  esp_dataset_free(set);
  set = NULL;
  folder_remove(folder);
}

static void text_write(const char *name, const char *text) {
  file_write(folder, name, text, strlen(text));
}

static const char train[] =
    "\xEF\xBB\xBF# made by hand\na, the b ,y,z\n1,10,100,0\n 2 ,20,300,1\n"
    "3,60,-1e2,0\n",
                  test[] = "z,y,\"the b\",a,c\n5,7,8,9,x\n0,1,2,3,\n";

/* A column is what its name says, wherever it stands; others are not looked at. */
START_TEST(columns_are_found_by_name) {
  text_write("train.csv", train);
  text_write("test.csv", test);
  opt.table.ignore = (char[]){"z"};
  data_load(&set, &opt, 1);
  ck_assert(esp_shape_same(set->shape, (esp_shape){2, 1, 1, 0}));
  ck_assert_str_eq(set->column_name[0], "a");
  ck_assert_str_eq(set->column_name[1], "the b");
  ck_assert_int_eq(set->classes, 1);
  ck_assert_str_eq(set->class_name[0], "y");
  ck_assert_uint_eq(set->train.count, 3);
  ck_assert_float_eq(set->train.features[5], 60.0f);
  ck_assert_float_eq(set->train.target[2], -100.0f);
  ck_assert_float_eq(set->test.features[0], 9.0f);
  ck_assert_float_eq(set->test.features[1], 8.0f);
  ck_assert_float_eq(set->test.target[0], 7.0f);
}
END_TEST

/* In the order that is asked for. */
START_TEST(inputs_and_several_targets) {
  text_write("train.csv", train);
  text_write("test.csv", test);
  opt.table.target = (char[]){"y, a"};
  opt.table.inputs = (char[]){"z\nthe b"};
  data_load(&set, &opt, 1);
  ck_assert_int_eq(set->train.targets, 2);
  ck_assert_str_eq(set->class_name[1], "a");
  ck_assert_float_eq(set->train.target[3], 2.0f);
  ck_assert_str_eq(set->column_name[0], "z");
  ck_assert_float_eq(set->train.features[2], 1.0f);
  ck_assert_float_eq(set->train.features[3], 20.0f);
}
END_TEST

/* Mean and deviation are those of the rows to train on, and what a network is given is in them. */
START_TEST(units_are_of_the_training_split) {
  esp_loader *loader;
  text_write("train.csv", "x,y\n1,10\n3,30\n");
  text_write("test.csv", "x,y\n2,20\n5,60\n0,0\n");
  data_load(&set, &opt, 1);
  ck_assert_float_eq(set->mean[0], 2.0f);
  ck_assert_float_eq(set->std[0], 1.0f);
  ck_assert_int_eq(set->targets.count, 1);
  ck_assert_double_eq(set->targets.mean[0], 20.0);
  ck_assert_double_eq(set->targets.std[0], 10.0);
  ck_assert_int_eq(esp_loader_new(&loader, set, &set->test, (esp_loader_options){.batch = 2}, &err),
                   ESP_OK);
  esp_loader_start(loader, 0, 0);
  const esp_batch *b = esp_loader_next(loader);
  ck_assert_ptr_null(b->labels);
  ck_assert_float_eq(b->images[1], 3.0f);
  ck_assert_float_eq(b->targets[0], 0.0f);
  ck_assert_float_eq(b->targets[1], 4.0f);
  ck_assert_float_eq(b->targets[2], 0.0f); /* padding */
  ck_assert_double_eq_tol(b->scale->variance[0], (400.0 + 3600.0) / 3 - 6400.0 / 9, 1e-9);
  b = esp_loader_next(loader);
  ck_assert_int_eq(b->count, 1);
  ck_assert_float_eq(b->targets[0], -2.0f);
  esp_loader_free(loader);
  opt.target_mean = (esp_numbers){{5.0}, 1};
  opt.target_std = (esp_numbers){{0.5}, 1};
  data_load(&set, &opt, 1);
  ck_assert_double_eq(set->targets.mean[0], 5.0);
  ck_assert_double_eq(set->targets.std[0], 0.5);
}
END_TEST

static void write_rows(const char *name, int rows) {
  char text[4096] = "x,y\n";
  for (int i = 0; i < rows; i++) sprintf(text + strlen(text), "%d,%d\n", i, 1000 + i);
  text_write(name, text);
}

static void rows_stay_whole(const esp_images *images, bool *seen) {
  for (uint32_t i = 0; i < images->count; i++) {
    const int x = (int)images->features[i];
    ck_assert_float_eq(images->target[i], 1000.0f + images->features[i]);
    ck_assert(!seen[x]);
    seen[x] = true;
  }
}

/* Of one file a fifth is to test on, the same for every seed; a row and its targets go together. */
START_TEST(one_file_is_split) {
  bool seen[100] = {false};
  esp_dataset_digests one, two;
  write_rows("all.csv", 100);
  char path[FOLDER_PATH_MAX];
  snprintf(path, sizeof path, "%s/all.csv", folder);
  opt.path = path;
  opt.validation = 10;
  data_load(&set, &opt, 1);
  ck_assert_uint_eq(set->test.count, 20);
  ck_assert_uint_eq(set->train.count, 70);
  rows_stay_whole(&set->train, seen);
  rows_stay_whole(&set->validation, seen);
  rows_stay_whole(&set->test, seen);
  ck_assert_int_eq(esp_dataset_digest(set, &one, &err), ESP_OK);
  opt.train = 30;
  esp_dataset_free(set);
  ck_assert_int_eq(esp_dataset_load(&set, &opt, (esp_shape){0}, 2, &err), ESP_OK);
  ck_assert_uint_eq(set->train.count + set->validation.count, 30);
  ck_assert_int_eq(esp_dataset_digest(set, &two, &err), ESP_OK);
  ck_assert_str_eq(one.test_labels, two.test_labels);
  ck_assert_str_ne(one.labels, two.labels);
}
END_TEST

static const struct {
  const char *text, *message;
} damaged[] = {
    {"", "train.csv: empty, expected a row with the names of the columns"},
    {"x,y\n", "train.csv:1: no row below the names"},
    {"#\nx,y\n1,\n", "train.csv:3: column 'y': empty; expected a number"},
    {"x,y\n1,2\n  ,2\n", "train.csv:3: column 'x': empty; expected a number"},
    {"x,y\n1,2\nred,2\n", "train.csv:3: column 'x': 'red'; expected a finite number"},
    {"x,y\n1,nan\n", "train.csv:2: column 'y': 'nan'; expected a finite number"},
    {"x,y\n1,2\n-inf,3\n", "train.csv:3: column 'x': '-inf'; expected a finite number"},
    {"x,y\n1,2\n1e39,3\n", "train.csv:3: column 'x': '1e39'; expected a finite number"},
    {"x,y\n1,2\n0x10,3\n", "train.csv:3: column 'x': '0x10'; expected a finite number"},
    {"x,y\n1,2\n1 2,3\n", "train.csv:3: column 'x': '1 2'; expected a finite number"},
    {"x,y\n1,2\n1,2,3\n", "train.csv:3: 3 cells, expected 2 as in the first row"},
    {"x,x,y\n1,2,3\n", "train.csv:1: columns 1 and 2 are both called 'x'"},
    {"x,,y\n1,2,3\n", "train.csv:1: column 2 has no name; expected one for each"},
    {"x;y\n1;2\n", "train.csv:1: column 1 is called 'x;y'; expected plain UTF-8 text"},
    {"weight,yy\n1,2\n", "train.csv:1: no column 'y' (data.target); did you mean 'yy'?"},
    {"weight,price\n1,2\n", "train.csv:1: no column 'y' (data.target); expected one of 2, from "},
    {"y\n1\n2\n", "train.csv:1: 0 columns for the network to read; expected 1 to 256"},
    {"x,y\n1,5\n2,5\n", "target 'y' is 5 in each of the 2 examples to train on"},
};

START_TEST(what_is_wrong_is_said_with_its_line) {
  text_write("train.csv", damaged[_i].text);
  text_write("test.csv", "x,y\n1,2\n2,3\n");
  data_refused(&opt, damaged[_i].message);
}
END_TEST

START_TEST(other_columns_in_the_test_file) {
  text_write("train.csv", "x,y\n1,2\n2,3\n");
  text_write("test.csv", "w,y\n1,2\n2,3\n");
  data_refused(&opt, "test.csv:1: no column 'x' (data.inputs)");
  text_write("test.csv", "x,y\n1,2\n2,2\n");
  data_refused(&opt, "target 'y' is 2 in each of the 2 test examples");
}
END_TEST

START_TEST(keys_that_do_not_fit) {
  text_write("train.csv", "x,y,z\n1,2,3\n2,3,4\n");
  text_write("test.csv", "x,y,z\n1,2,3\n2,3,4\n");
  opt.table.target = (char[]){""};
  data_refused(&opt, "data.target: data set 'csv' needs the name of the column");
  opt.table.target = (char[]){"y,"};
  data_refused(&opt, "data.target: a name is missing");
  opt.table.target = (char[]){"y, y"};
  data_refused(&opt, "data.target: 'y' twice");
  opt.table.target = (char[]){"y"};
  opt.table.ignore = (char[]){"y"};
  data_refused(&opt, "data.ignore: 'y' is a target too");
  opt.table.ignore = (char[]){"q"};
  data_refused(&opt, "train.csv:1: no column 'q' (data.ignore)");
  opt.table.ignore = (char[]){"x"};
  opt.table.inputs = (char[]){"x"};
  data_refused(&opt, "data.ignore: 'x' is one of data.inputs too");
  opt.table.ignore = (char[]){""};
  opt.table.inputs = (char[]){"y"};
  data_refused(&opt, "data.inputs: 'y' is a target too");
  opt.table.inputs = (char[]){""};
  opt.tasks = (char[]){"kind: y | z"};
  data_refused(&opt, "data.tasks, data.task_weights: are of classes");
  opt.tasks = (char[]){""};
  opt.target_std = (esp_numbers){{1.0, 2.0}, 2};
  data_refused(&opt, "data.target_std: 2 numbers for 1 targets; expected one each");
}
END_TEST

/* For those who predict: rows of one file, by the names of the network's columns. */
START_TEST(columns_alone) {
  esp_columns c;
  char path[FOLDER_PATH_MAX];
  char *const names[] = {(char[]){"b"}, (char[]){"a"}};
  snprintf(path, sizeof path, "%s/rows.csv", folder);
  text_write("rows.csv", "a,junk,b\n1,x,2\n3,,4\n");
  ck_assert_int_eq(esp_columns_read(&c, path, names, 2, &err), ESP_OK);
  ck_assert_int_eq(c.rows, 2);
  ck_assert_mem_eq(c.value, ((float[]){2.0f, 1.0f, 4.0f, 3.0f}), 4 * sizeof(float));
  esp_columns_free(&c);
  text_write("rows.csv", "a,junk\n1,x\n");
  ck_assert_int_eq(esp_columns_read(&c, path, names, 2, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "rows.csv:1: no column 'b'; did you mean 'a'?") != NULL, "%s",
                err.text);
}
END_TEST

/* Targets are a network's by name and place. */
START_TEST(other_targets_are_refused) {
  char *const other[] = {(char[]){"z"}};
  text_write("train.csv", "x,y\n1,2\n2,3\n");
  text_write("test.csv", "x,y\n1,2\n2,3\n");
  data_load(&set, &opt, 1);
  ck_assert_int_eq(esp_dataset_match_classes(set, &opt, set->class_name, 1, &err), ESP_OK);
  ck_assert_int_eq(esp_dataset_match_classes(set, &opt, other, 1, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "the data have the targets y, the network z") != NULL, "%s",
                err.text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("tables");
  TCase *t = tcase_create("tables");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_test(t, columns_are_found_by_name);
  tcase_add_test(t, inputs_and_several_targets);
  tcase_add_test(t, units_are_of_the_training_split);
  tcase_add_test(t, one_file_is_split);
  tcase_add_loop_test(t, what_is_wrong_is_said_with_its_line, 0, sizeof damaged / sizeof *damaged);
  tcase_add_test(t, other_columns_in_the_test_file);
  tcase_add_test(t, keys_that_do_not_fit);
  tcase_add_test(t, columns_alone);
  tcase_add_test(t, other_targets_are_refused);
  suite_add_tcase(suite, t);
  return suite_run(suite);
}
