/* What a run records for those who look at it later: bytes, what layers cost, when masks change,
 * which images turned. */
#include "nets.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

static double size_of(const char *path) {
  size_t bytes;
  free(bytes_read(path, &bytes));
  return (double)bytes;
}

/* `bytes` is what `espalier pack` makes of the dense network and of the last one. */
START_TEST(bytes_are_those_of_the_packed_file) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.rounds=2",
           "train.average=0.9");
  ESPALIER("pack", "a/dense.safetensors", "-o", "dense.esp");
  ESPALIER("pack", "a", "-o", "a.esp");
  cJSON *result = result_read("a");
  ck_assert_double_eq(number_of(cJSON_GetObjectItem(result, "dense"), "bytes"),
                      size_of("dense.esp"));
  ck_assert_double_eq(number_of(cJSON_GetObjectItem(result, "final"), "bytes"), size_of("a.esp"));
  cJSON_Delete(result);
}
END_TEST

/* 3 x 32 x 32 pixels; conv1 makes 8 x 8 x 8 of them, conv2 12 x 8 x 8. Of pruned filters nothing is
 * written; of channels that no weight meets nothing is read. */
START_TEST(values_that_layers_read_and_write) {
  static const char *const layers[] = {"conv1", "conv2", "linear1", "other"};
  static const int read[] = {3 * 1024, 8 * 64, 12}, written[] = {8 * 64, 12 * 64, 10};
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.structure=filter",
           "prune.distribution=uniform", "prune.sparsity=0.5", "prune.rounds=1",
           "prune.skip=linear*");
  table t = table_read("a/costs.csv");
  ck_assert_int_eq(t.rows, 1 + 2 * 4);
  for (int row = 1; row < t.rows; row++) {
    const int layer = (row - 1) % 4, round = (row - 1) / 4;
    ck_assert_int_eq(atoi(cell_of(&t, row, "round")), round);
    ck_assert_str_eq(cell_of(&t, row, "layer"), layers[layer]);
    ck_assert(atof(cell_of(&t, row, "milliseconds")) > 0.0);
    if (layer == 3) {
      ck_assert_str_eq(cell_of(&t, row, "values_read"), "");
      continue;
    }
    ck_assert_int_eq(atoi(cell_of(&t, row, "values_read")), read[layer]);
    ck_assert_int_eq(atoi(cell_of(&t, row, "values_written")),
                     layer < 2 ? written[layer] / (1 + round) : written[layer]);
  }
  table_free(&t);
}
END_TEST

/* A gradual method: rows of one stage, in order, up to the sparsity that is reached. A method that
 * never changes a mask leaves no file. */
START_TEST(when_masks_change) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.schedule=cubic",
           "prune.sparsity=0.9", "prune.every=1", "train.epochs=4");
  table t = table_read("a/sparsity.csv");
  cJSON *result = result_read("a");
  ck_assert_int_gt(t.rows, 3);
  for (int row = 1; row < t.rows; row++) {
    const double step = atof(cell_of(&t, row, "step"));
    ck_assert_str_eq(cell_of(&t, row, "stage"), "0");
    ck_assert_double_eq_tol(atof(cell_of(&t, row, "epoch")), step / 3, 1e-5);
    if (row == 1) continue;
    ck_assert_double_gt(step, atof(cell_of(&t, row - 1, "step")));
    ck_assert_double_gt(atof(cell_of(&t, row, "sparsity")), atof(cell_of(&t, row - 1, "sparsity")));
  }
  ck_assert_double_eq_tol(atof(cell_of(&t, t.rows - 1, "sparsity")),
                          number_of(cJSON_GetObjectItem(result, "final"), "sparsity"), 1e-5);
  cJSON_Delete(result);
  table_free(&t);
  ESPALIER("run", "plain.ini", "-o", "b", "prune.method=none");
  ck_assert(!exists("b/sparsity.csv"));
}
END_TEST

/* The class with the largest of the ten logits in a row of `espalier eval --logits`. */
static int answer_in(const table *logits, int row) {
  char name[16];
  int best = 0;
  double most = -1e9;
  for (int c = 0; c < 10; c++) {
    snprintf(name, sizeof name, "logit_%d", c);
    const double logit = atof(cell_of(logits, row, name));
    if (logit > most) {
      most = logit;
      best = c;
    }
  }
  return best;
}

static int number_in(const table *t, int row, const char *column) {
  return atoi(cell_of(t, row, column));
}

/* Those that one network is right about and the other is not, and no others; and pictures of those
 * that turned wrong. */
START_TEST(images_that_turned) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.sparsity=0.9",
           "train.epochs=8");
  ESPALIER("eval", "a/dense.safetensors", "--logits", "dense.csv");
  ESPALIER("eval", "a", "--logits", "pruned.csv");
  table dense = table_read("dense.csv"), pruned = table_read("pruned.csv"),
        turned = table_read("a/turned.csv");
  int at = 1, wrong = 0;
  for (int row = 1; row < dense.rows; row++) {
    const int label = number_in(&dense, row, "label"), before = answer_in(&dense, row),
              after = answer_in(&pruned, row);
    if ((before == label) == (after == label)) continue;
    ck_assert_int_eq(number_in(&turned, at, "image"), row - 1);
    ck_assert_int_eq(number_in(&turned, at, "label"), label);
    ck_assert_int_eq(number_in(&turned, at, "answer_dense"), before);
    ck_assert_int_eq(number_in(&turned, at, "answer"), after);
    wrong += before == label;
    at++;
  }
  ck_assert_int_eq(at, turned.rows);
  ck_assert_int_gt(wrong, 0);
  tensors t = tensors_read("a/turned.safetensors");
  ck_assert_uint_eq(tensor_of(&t, "", "pixels")->count, (size_t)wrong * 3 * 32 * 32);
  tensors_free(&t);
  table_free(&dense);
  table_free(&pruned);
  table_free(&turned);
}
END_TEST

/* Nothing was dense, or nothing pruned: no image can have turned. */
START_TEST(nothing_to_turn) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=none");
  ESPALIER("run", "plain.ini", "-o", "b", "prune.method=rigl", "prune.schedule=one-shot");
  ck_assert(!exists("a/turned.csv") && !exists("b/turned.csv"));
}
END_TEST

int main(void) {
  rig_begin();
  Suite *suite = suite_create("recorded");
  TCase *c = tcase_create("recorded");
  tcase_add_checked_fixture(c, setup, NULL);
  tcase_set_timeout(c, 60);
  tcase_add_test(c, bytes_are_those_of_the_packed_file);
  tcase_add_test(c, values_that_layers_read_and_write);
  tcase_add_test(c, when_masks_change);
  tcase_add_test(c, images_that_turned);
  tcase_add_test(c, nothing_to_turn);
  suite_add_tcase(suite, c);
  return rig_end(suite);
}
