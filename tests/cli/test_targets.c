/* Real-valued targets by the command: from a table to estimates in its units, and what is said of
 * them on the way. */
#include "rig.h"

#include <espalier/predict.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char config[] =
    "[run]\nthreads = 1\n"
    "[data]\ndataset = csv\npath = rows\ntarget = price\nignore = id\nvalidation = 48\n"
    "[model]\narch = mlp\nhidden = 16\n"
    "[train]\nepochs = 40\nbatch = 16\nlr = 0.01\noptimiser = adam\nloss = mse\n"
    "[prune]\nmethod = magnitude\nsparsity = 0.5\nretrain_epochs = 10\nretrain_lr = 0.005\n";

enum { TRAIN = 240, TEST = 60, COLUMNS = 3 };

/* Even in [0, 1), and no library's. */
static double draw(unsigned *state) {
  *state = *state * 1103515245u + 12345u;
  return (double)(*state >> 8 & 0xffff) / 65536.0;
}

/* price = 5000 + 300 a - 200 b + 100 a b, and c says nothing. */
static void write_rows(const char *path, int rows, unsigned state) {
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs("id,a,b,the c,price\n", f);
  for (int i = 0; i < rows; i++) {
    const double a = draw(&state), b = draw(&state), c = draw(&state);
    fprintf(f, "row %d,%.5f,%.5f,%.5f,%.3f\n", i, a, b, 1e4 * c,
            5000.0 + 300.0 * a - 200.0 * b + 100.0 * a * b);
  }
  ck_assert_int_eq(fclose(f), 0);
}

static void setup(void) {
  rig_open();
  text_write("rows.ini", config);
  ck_assert(system("mkdir rows") == 0);
  write_rows("rows/train.csv", TRAIN, 1);
  write_rows("rows/test.csv", TEST, 2);
}

static double cell(const table *t, int row, const char *column) {
  return atof(cell_of(t, row, column));
}

/* By the definition: of the column predicted_N against target_N. */
static double r2_of(const table *t, double *rmse) {
  double mean = 0.0, all = 0.0, left = 0.0;
  for (int i = 1; i < t->rows; i++) mean += cell(t, i, "target_0") / (t->rows - 1);
  for (int i = 1; i < t->rows; i++) {
    const double y = cell(t, i, "target_0"), off = cell(t, i, "predicted_0") - y;
    all += (y - mean) * (y - mean);
    left += off * off;
  }
  *rmse = sqrt(left / (t->rows - 1));
  return 1.0 - left / all;
}

/* What the run says is what follows from its own estimates, in the units of the table. */
START_TEST(quality_is_r2) {
  double rmse;
  ESPALIER("run", "rows.ini", "-o", "a");
  ESPALIER("eval", "a", "--logits", "a.csv");
  cJSON *result = result_read("a");
  const cJSON *final = cJSON_GetObjectItem(result, "final");
  table rows = table_read("a.csv"), rounds = table_read("a/rounds.csv"),
        log = table_read("a/log.csv");
  ck_assert_int_eq(rows.rows, 1 + TEST);
  ck_assert_double_gt(cell(&rows, 1, "target_0"), 4000.0);
  const double r2 = r2_of(&rows, &rmse);
  ck_assert_double_gt(r2, 0.9);
  ck_assert_str_eq(cJSON_GetObjectItem(result, "quality")->valuestring, "r2");
  ck_assert_double_eq_tol(number_of(final, "test_r2"), r2, 1e-5);
  ck_assert_double_eq_tol(number_of(cJSON_GetObjectItem(final, "test_rmse_targets"), "price"), rmse,
                          1e-3);
  ck_assert_double_eq_tol(cell(&rounds, 1, "test_rmse_price"), rmse, 1e-3);
  ck_assert_double_eq_tol(cell(&rounds, 1, "test_r2"), r2, 1e-5);
  ck_assert_double_gt(cell(&log, log.rows - 1, "train_r2"), 0.9);
  ck_assert_ptr_null(cJSON_GetObjectItem(final, "test_accuracy"));
  ENDS(0, "R^2 0.9", NULL, "watch", "a", "--once");
  table_free(&rows);
  table_free(&rounds);
  table_free(&log);
  cJSON_Delete(result);
}
END_TEST

/* The weights know the columns by name, and the units; the table of the training is gone. */
START_TEST(rows_are_predicted) {
  char expected[128];
  ESPALIER("run", "rows.ini", "-o", "a");
  ESPALIER("eval", "a", "--logits", "a.csv");
  table rows = table_read("rows/test.csv"), known = table_read("a.csv");
  snprintf(expected, sizeof expected, "the c,more,b,a\n%s,,%s,%s\n", cell_of(&rows, 1, "the c"),
           cell_of(&rows, 1, "b"), cell_of(&rows, 1, "a"));
  text_write("other.csv", expected);
  remove_tree("rows");
  ESPALIER("pack", "a", "-o", "net.esp");
  snprintf(expected, sizeof expected, "other.csv:2\n  price %.7g\n",
           cell(&known, 1, "predicted_0"));
  ENDS(0, expected, NULL, "predict", "net.esp", "other.csv");
  text_write("lacks.csv", "a,b\n1,2\n");
  ENDS(2, NULL, "lacks.csv:1: no column 'the c'", "predict", "a", "lacks.csv");
  text_write("bad.csv", "a,b,the c\n1,2,3\n1,,3\n");
  ENDS(2, NULL, "bad.csv:3: column 'b': empty; expected a number", "predict", "a", "bad.csv");
  table_free(&rows);
  table_free(&known);
}
END_TEST

/* The library for prediction gives the same. */
START_TEST(the_library_has_the_units) {
  esp_network *network;
  esp_predictor *predictor;
  esp_error err = {.text = ""};
  float feature[COLUMNS], output;
  ESPALIER("run", "rows.ini", "-o", "a");
  ESPALIER("eval", "a", "--logits", "a.csv");
  table rows = table_read("rows/test.csv"), known = table_read("a.csv");
  ck_assert_msg(esp_network_open(&network, "a/round-01.safetensors", &err) == ESP_OK, "%s",
                err.text);
  ck_assert_int_eq(esp_network_targets(network), 1);
  ck_assert_str_eq(esp_network_class_name(network, 0), "price");
  ck_assert_int_eq(esp_predictor_new(&predictor, network, &err), ESP_OK);
  for (int i = 1; i <= TEST; i++) {
    static const char *const names[COLUMNS] = {"a", "b", "the c"};
    for (int c = 0; c < COLUMNS; c++) feature[c] = (float)cell(&rows, i, names[c]);
    esp_predict_features(predictor, feature, &output);
    ck_assert_double_eq_tol(esp_network_target(network, 0, output), cell(&known, i, "predicted_0"),
                            1e-5);
  }
  esp_predictor_free(predictor);
  esp_network_free(network);
  table_free(&rows);
  table_free(&known);
}
END_TEST

/* Threads, instruction sets and parts of batches leave no trace in the weights; several targets. */
START_TEST(bits_stay) {
  static const char *const several = "data.target=price, a", *const few = "train.epochs=3",
                           *const less = "prune.retrain_epochs=2";
  ESPALIER("run", "rows.ini", "-o", "one", several, few, less);
  ESPALIER("run", "rows.ini", "-o", "two", several, few, less, "run.threads=2");
  setenv("ESPALIER_ISA", "scalar", 1);
  ESPALIER("run", "rows.ini", "-o", "three", several, few, less);
  unsetenv("ESPALIER_ISA");
  ck_assert_str_eq(hash_of_run("one"), hash_of_run("two"));
  ck_assert_str_eq(hash_of_run("one"), hash_of_run("three"));
  table rounds = table_read("one/rounds.csv"), other = table_read("three/rounds.csv");
  ck_assert_str_eq(cell_of(&rounds, 1, "test_r2_a"), cell_of(&other, 1, "test_r2_a"));
  const double mean = 0.5 * (cell(&rounds, 1, "test_r2_a") + cell(&rounds, 1, "test_r2_price"));
  ck_assert_double_eq_tol(cell(&rounds, 1, "test_r2"), mean, 1e-5);
  table_free(&rounds);
  table_free(&other);
}
END_TEST

/* All that score by the loss take this one. */
static const char *const methods[] = {"prune.method=taylor",   "prune.method=fisher",
                                      "prune.method=saliency", "prune.method=grasp",
                                      "prune.method=gradient", "prune.method=synflow"};

START_TEST(criteria_take_the_loss) {
  ESPALIER("run", "rows.ini", "-o", "a", methods[_i], "train.epochs=5", "prune.retrain_epochs=5");
  cJSON *result = result_read("a");
  ck_assert_double_gt(number_of(cJSON_GetObjectItem(result, "final"), "test_r2"), 0.0);
  cJSON_Delete(result);
}
END_TEST

START_TEST(gradients_of_single_rows) {
  ESPALIER("run", "rows.ini", "-o", "a", "prune.method=fisher", "prune.per=image", "train.epochs=5",
           "prune.retrain_epochs=5");
  cJSON *result = result_read("a");
  ck_assert_double_gt(number_of(cJSON_GetObjectItem(result, "final"), "test_r2"), 0.0);
  cJSON_Delete(result);
}
END_TEST

static const struct {
  const char *argument, *message;
} refused[] = {
    {"train.loss=cross-entropy", "[train] loss = cross-entropy with dataset = csv, whose targets"},
    {"train.label_smoothing=0.1", "[train] label_smoothing = 0.1 with dataset = csv"},
    {"prune.distill=0.5", "[prune] distill = 0.5 with dataset = csv, which has no classes"},
    {"prune.grasp_temperature=2", "[prune] grasp_temperature = 2 with dataset = csv, which does"},
    {"data.augment=shift", "[data] augment = shift: is for sounds, and the data are a table"},
    {"data.target=prize", "no column 'prize' (data.target); did you mean 'price'?"},
    {"data.dataset=shapes", "with dataset = shapes, which does not read it: expected no such line"},
};

START_TEST(what_makes_no_sense) {
  ENDS(2, NULL, refused[_i].message, "run", "rows.ini", "-o", "a", refused[_i].argument);
  ck_assert(!exists("a/result.json"));
}
END_TEST

/* Tables of several runs have the name too; what is about classes is refused. */
START_TEST(beside_each_other) {
  char sweep[1024];
  snprintf(sweep, sizeof sweep, "%s[sweep]\nrun.seed = 1 2\n", config);
  text_write("sweep.ini", sweep);
  ENDS(0, " R^2 ", NULL, "sweep", "sweep.ini", "-o", "s", "train.epochs=3",
       "prune.retrain_epochs=1");
  table summary = table_read("s/summary.csv"), rows = table_read("s/sweep.csv");
  ck_assert_double_gt(cell(&summary, summary.rows - 1, "test_r2_mean"), 0.0);
  ck_assert_double_gt(cell(&rows, rows.rows - 1, "test_r2"), 0.0);
  table_free(&summary);
  table_free(&rows);
  text_write("paper.csv", "sparsity,test_accuracy\n0.5,90\n");
  ENDS(2, NULL, "the figures of a paper are accuracies", "compare", "s", "paper.csv");
  ESPALIER("report", "s", "-o", "page.html");
  char *page = bytes_read("page.html", NULL);
  ck_assert_ptr_nonnull(strstr(page, "\"R^2 over sparsity\""));
  ck_assert_ptr_nonnull(strstr(page, "\"r2_mean\""));
  ck_assert_ptr_null(strstr(page, "\"accuracy_mean_percent\""));
  free(page);
  ESPALIER("run", "rows.ini", "-o", "c", "data.dataset=shapes",
           "data.target=", "data.ignore=", "data.train=64", "data.test=32", "data.validation=0",
           "train.epochs=0", "prune.method=none");
  ENDS(2, NULL, "expected runs of one kind in a report", "report", "s", "c", "-o", "b.html");
}
END_TEST

START_TEST(new_finds_a_table) {
  ENDS(0, "240 rows to train on, target 'price'; no numbers, and ignored: id", NULL, "new", "rows",
       "-o", "n.ini");
  ESPALIER("run", "n.ini", "-o", "a", "train.epochs=2", "prune.retrain_epochs=1");
  cJSON_Delete(result_read("a"));
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("targets");
  TCase *t = tcase_create("targets");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, quality_is_r2);
  tcase_add_test(t, rows_are_predicted);
  tcase_add_test(t, the_library_has_the_units);
  tcase_add_test(t, bits_stay);
  tcase_add_loop_test(t, criteria_take_the_loss, 0, sizeof methods / sizeof *methods);
  tcase_add_test(t, gradients_of_single_rows);
  tcase_add_loop_test(t, what_makes_no_sense, 0, sizeof refused / sizeof *refused);
  tcase_add_test(t, beside_each_other);
  tcase_add_test(t, new_finds_a_table);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
