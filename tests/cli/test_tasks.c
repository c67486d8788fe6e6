/* Several tasks through the command, and retraining without labels. */
#include "nets.h"
#include "rig.h"

#include <espalier/random.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, TEST_IMAGES = 48 };
static const int parity[CLASSES] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};

static void setup(void) {
  rig_open();
  text_write(
      "tasks.ini", CONFIG_BEGIN STREAM_LAYERS
      "[data]\ntasks =\n  parity: 0 2 4 6 8 | 1 3 5 7 9\n  size: 0 1 2\n    | 3 4 5 | 6 7 8 9\n"
      "task_weights = 1 0.5 0.25\n");
}

/* The share of the test images whose largest logit of the columns from `first` is the right one. */
static double share_right(const table *t, int first, int answers, const int *of_class) {
  int right = 0;
  ck_assert_int_eq(t->rows, TEST_IMAGES + 1);
  for (int row = 1; row < t->rows; row++) {
    char *const *cell = t->cell + row * t->columns;
    const int label = atoi(cell[1]);
    int best = 0;
    for (int c = 1; c < answers; c++)
      if (atof(cell[2 + first + c]) > atof(cell[2 + first + best])) best = c;
    right += best == (of_class ? of_class[label] : label);
  }
  return (double)right / TEST_IMAGES;
}

#define CHANNELS "prune.method=magnitude", "prune.structure=channel", "prune.sparsity=0.4"

/* What the run says of each task is what its logits say. */
START_TEST(accuracies) {
  char eval[64];
  ESPALIER("run", "tasks.ini", "-o", "a", CHANNELS);
  ESPALIER("eval", "a", "--logits", "a.csv");
  cJSON *result = result_read("a");
  const cJSON *final = cJSON_GetObjectItem(result, "final"),
              *tasks = cJSON_GetObjectItem(final, "test_accuracy_tasks");
  table logits = table_read("a.csv"), rounds = table_read("a/rounds.csv"),
        log = table_read("a/log.csv");
  ck_assert_int_eq(logits.columns, 2 + CLASSES + 2 + 3);
  ck_assert_str_eq(logits.cell[2 + CLASSES], "logit_parity_0");
  const double of_class = share_right(&logits, 0, CLASSES, NULL),
               of_parity = share_right(&logits, CLASSES, 2, parity);
  ck_assert_double_eq_tol(number_of(tasks, "class"), of_class, 1e-9);
  ck_assert_double_eq_tol(number_of(tasks, "parity"), of_parity, 1e-9);
  ck_assert_double_eq_tol(number_of(final, "test_accuracy"), of_class, 1e-9);
  ck_assert_double_eq_tol(atof(cell_of(&rounds, 1, "test_accuracy_parity")), of_parity, 1e-5);
  ck_assert(atof(cell_of(&log, 1, "train_accuracy_size")) > 0.0);
  ck_assert_str_eq(cell_of(&log, 1, "validation_accuracy_size"), "");
  process p = espalier(&(process_options){0}, (const char *[]){"eval", "a", NULL});
  snprintf(eval, sizeof eval, "\nparity top-1 %.2f %%\n", 100.0 * of_parity);
  ck_assert_msg(strstr(p.out, eval) != NULL, "%s", p.out);
  process_free(&p);
  table_free(&logits);
  table_free(&rounds);
  table_free(&log);
  cJSON_Delete(result);
}
END_TEST

/* The heads stay whole, the logits of all tasks stay as they are, and the small network trains
 * on. */
START_TEST(shrunk) {
  ESPALIER("run", "tasks.ini", "-o", "a", CHANNELS, "model.convolution=direct");
  ESPALIER("shrink", "a", "-o", "small.safetensors");
  ESPALIER("eval", "a", "--logits", "a.csv");
  ESPALIER("eval", "small.safetensors", "--logits", "small.csv");
  ck_assert(same_bytes("a.csv", "small.csv"));
  tensors t = tensors_read("small.safetensors");
  ck_assert(tensor_of(&t, "", "heads.branch3.size.linear1.bias")->count == 3);
  tensors_free(&t);
  ESPALIER("run", "small.ini", "-o", "b", CHANNELS);
  ESPALIER("resume", "b");
}
END_TEST

static void refused(const char *config, const char *says) {
  process p = espalier(&(process_options){0}, (const char *[]){"run", config, "-o", "x", NULL});
  ck_assert_int_eq(p.status, 2);
  ck_assert_msg(strstr(p.err, says) != NULL, "%s", p.err);
  ck_assert(!exists("x"));
  process_free(&p);
}

/* The line is that of the file: comments and empty lines are counted there, and not in the key's
 * value. */
START_TEST(wrong_tasks) {
  text_write("bad.ini", CONFIG_BEGIN PLAIN_LAYERS
             "[data]\n; tasks = no\ntasks =   ; two\n\n  parity: 0 2 4 6 8 | 1 3 5 7 9\n  # and\n"
             "  size: 0 1\n");
  refused("bad.ini", "bad.ini:33: [data] tasks:2: one group");
  text_write("bad.ini", CONFIG_BEGIN
             "  flatten\n  linear 10\n[data]\ntasks = parity: 0 2 4 6 8 | 1 3 5 7 9\n");
  refused("bad.ini", "layers:2: the network ends with 10x1x1, expected 12x1x1");
}
END_TEST

/* ---- without labels ---- */

enum { IDX_IMAGES = 64, IDX_SIDE = 8, IDX_CLASSES = 3 };

static void idx_write(const char *path, const uint8_t *header, size_t bytes, const uint8_t *data,
                      size_t count) {
  uint8_t file[16 + IDX_IMAGES * IDX_SIDE * IDX_SIDE];
  memcpy(file, header, bytes);
  memcpy(file + bytes, data, count);
  bytes_write(path, file, bytes + count);
}

/* Random images; those to train on have labels that follow `seed`. */
static void data_write(const char *split, esp_key seed) {
  static const uint8_t image_header[] = {0, 0, 8, 3,        0, 0, 0, IDX_IMAGES,
                                         0, 0, 0, IDX_SIDE, 0, 0, 0, IDX_SIDE},
                       label_header[] = {0, 0, 8, 1, 0, 0, 0, IDX_IMAGES};
  uint8_t pixel[IDX_IMAGES * IDX_SIDE * IDX_SIDE], label[IDX_IMAGES];
  char path[64];
  for (size_t i = 0; i < sizeof pixel; i++) pixel[i] = (uint8_t)esp_random_below(7, i, 256);
  for (size_t i = 0; i < sizeof label; i++)
    label[i] = (uint8_t)esp_random_below(seed, i, IDX_CLASSES);
  snprintf(path, sizeof path, "%s-images-idx3-ubyte", split);
  idx_write(path, image_header, sizeof image_header, pixel, sizeof pixel);
  snprintf(path, sizeof path, "%s-labels-idx1-ubyte", split);
  idx_write(path, label_header, sizeof label_header, label, sizeof label);
}

static const char unlabelled[] =
    "[run]\nthreads = 1\n[data]\ndataset = idx\npath = .\n[model]\narch = custom\nlayers =\n"
    "  conv 6 3x3\n  bn\n  relu\n"
    "  flatten\n  linear classes\n[train]\nepochs = 2\nbatch = 16\n[prune]\nretrain_epochs = 2\n"
    "sparsity = 0.7\n";

#define RECONSTRUCT \
  "train.epochs=0", "model.weights=dense", "prune.method=magnitude", "prune.retrain=reconstruct"

/* From a trained network on, other labels give the same weights: nothing but the reports reads
 * them. With labels retraining gives others, so the labels did change. */
START_TEST(labels_are_not_read) {
  text_write("net.ini", unlabelled);
  data_write("train", 1);
  data_write("t10k", 2);
  ESPALIER("run", "net.ini", "-o", "dense");
  ESPALIER("run", "net.ini", "-o", "a", RECONSTRUCT);
  ESPALIER("run", "net.ini", "-o", "none", RECONSTRUCT, "prune.retrain=none");
  ESPALIER("run", "net.ini", "-o", "b", RECONSTRUCT, "prune.retrain=finetune");
  data_write("train", 3);
  ESPALIER("run", "net.ini", "-o", "c", RECONSTRUCT);
  ESPALIER("run", "net.ini", "-o", "d", RECONSTRUCT, "prune.retrain=finetune");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("c"));
  ck_assert_str_ne(hash_of_run("a"), hash_of_run("none"));
  ck_assert_str_ne(hash_of_run("b"), hash_of_run("d"));
}
END_TEST

/* The loss is the mean of (logit - dense logit)^2: over the epochs it falls, and with nothing
 * pruned it is that of batch against running statistics alone. */
START_TEST(reconstruction_comes_closer) {
  text_write("net.ini", unlabelled);
  data_write("train", 1);
  data_write("t10k", 2);
  ESPALIER("run", "net.ini", "-o", "dense");
  ESPALIER("run", "net.ini", "-o", "a", RECONSTRUCT, "prune.retrain_epochs=20");
  table t = table_read("a/log.csv");
  ck_assert_int_eq(t.rows, 21);
  const double first = atof(cell_of(&t, 1, "train_loss")),
               last = atof(cell_of(&t, 20, "train_loss"));
  ck_assert_msg(last < 0.5 * first, "%g, then %g", first, last);
  table_free(&t);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("tasks command");
  TCase *t = tcase_create("tasks command");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, accuracies);
  tcase_add_test(t, shrunk);
  tcase_add_test(t, wrong_tasks);
  tcase_add_test(t, labels_are_not_read);
  tcase_add_test(t, reconstruction_comes_closer);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
