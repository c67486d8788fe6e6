/* Runs through the command: the same weights whatever the machine does, exact counts, and the files
 * that a run leaves. */
#include "nets.h"
#include "rig.h"

#include <espalier/file.h>

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
  text_write("rich.ini", CONFIG_BEGIN RICH_LAYERS);
  text_write("stream.ini", CONFIG_BEGIN STREAM_LAYERS);
  text_write("per-layer.ini", CONFIG_BEGIN PLAIN_LAYERS
             "[prune]\nmethod = magnitude\ndistribution = per-layer\nlayers =\n"
             "  * 0.25\n  conv2 0.75\n");
}

/* ---- one network for every machine ---- */

enum { ARGUMENTS_MAX = 12 };

/* How a run differs from its configuration. Every method by itself is in test_methods.c; these are
 * looked at file by file. */
typedef struct recipe {
  const char *config, *argument[ARGUMENTS_MAX];
  int rounds, epochs[4]; /* of training, and of retraining in each round */
  int units;             /* that the pruner counts; 0 = the weights; -1 = known by the layer only */
} recipe;

#define MAGNITUDE "prune.method=magnitude", "prune.rounds=2", "prune.sparsity=0.9"
#define IN_TRAINING "train.epochs=3", "prune.sparsity=0.8"
#define STRUCTURE(name) IN_TRAINING, "prune.schedule=cubic", "prune.structure=" name
static const recipe recipes[] = {
    {"plain.ini", {"prune.method=none"}, 0, {2}, 0},
    {"rich.ini", {"train.loss=mse", "train.lr=0.02", "data.validation=20"}, 0, {2}, 0},
    {"plain.ini", {MAGNITUDE}, 2, {2, 1, 1}, 0},
    {"plain.ini",
     {MAGNITUDE, "prune.retrain=lr-rewind", "prune.retrain_epochs=2"},
     2,
     {2, 2, 2},
     0},
    {"plain.ini", {MAGNITUDE, "prune.retrain=weight-rewind"}, 2, {2, 2, 2}, 0},
    {"plain.ini",
     {MAGNITUDE, "prune.retrain=weight-rewind", "prune.rewind_epoch=1"},
     2,
     {2, 1, 1},
     0},
    {"plain.ini", {MAGNITUDE, "prune.retrain=reinit"}, 2, {2, 2, 2}, 0},
    {"plain.ini", {MAGNITUDE, "prune.retrain=none"}, 2, {2, 0, 0}, 0},
    {"plain.ini",
     {"prune.method=magnitude", "prune.schedule=one-shot", "prune.sparsity=0.333"},
     1,
     {2, 1},
     0},
    {"plain.ini", {MAGNITUDE, "train.epochs=0", "prune.retrain=none"}, 2, {0, 0, 0}, 0},
    {"plain.ini",
     {MAGNITUDE, "prune.skip=conv1 lin*"},
     2,
     {2, 1, 1},
     PLAIN_WEIGHTS - 216 - PLAIN_LINEAR},
    {"plain.ini", {MAGNITUDE, "prune.sparsity=1"}, 2, {2, 1, 1}, -1},
    {"plain.ini", {MAGNITUDE, "prune.sparsity=1", "prune.allow_empty=yes"}, 2, {2, 1, 1}, 0},
    {"plain.ini", {MAGNITUDE, "prune.sparsity=0"}, 2, {2, 1, 1}, 0},
    {"plain.ini", {MAGNITUDE, "prune.distribution=uniform"}, 2, {2, 1, 1}, 0},
    {"plain.ini", {MAGNITUDE, "prune.distribution=erk"}, 2, {2, 1, 1}, 0},
    {"per-layer.ini", {"prune.sparsity=0.5"}, 1, {2, 1}, -1},
    {"plain.ini",
     {MAGNITUDE, "prune.structure=filter", "prune.sparsity=0.5"},
     2,
     {2, 1, 1},
     PLAIN_FILTERS},
    {"plain.ini",
     {MAGNITUDE, "prune.structure=filter", "prune.sparsity=0.4", "prune.distribution=uniform"},
     2,
     {2, 1, 1},
     PLAIN_FILTERS},
    {"plain.ini", {"prune.method=random", "prune.rounds=3"}, 3, {2, 1, 1, 1}, 0},
    {"plain.ini", {"prune.method=saliency", "prune.rounds=2"}, 2, {2, 1, 1}, 0},
    {"plain.ini", {IN_TRAINING, "prune.method=magnitude", "prune.schedule=cubic"}, 1, {3}, 0},
    {"plain.ini",
     {IN_TRAINING, "prune.method=saliency", "prune.schedule=cubic", "prune.distribution=erk"},
     1,
     {3},
     0},
    {"plain.ini", {IN_TRAINING, "prune.method=movement", "prune.schedule=linear"}, 1, {3}, 0},
    {"plain.ini", {MAGNITUDE, "prune.schedule=cubic", "prune.at=rounds"}, 2, {2, 1, 1}, 0},
    {"rich.ini",
     {IN_TRAINING, "prune.method=synflow", "prune.at=init", "prune.rounds=20"},
     1,
     {3},
     0},
    {"rich.ini",
     {IN_TRAINING, "prune.method=grasp", "prune.at=init", "train.average=0.9"},
     1,
     {3},
     0},
    /* Any two choices are the same: the training ends when there are two. */
    {"plain.ini",
     {MAGNITUDE, "train.epochs=9", "prune.early_bird=1", "prune.early_bird_distance=1"},
     2,
     {2, 1, 1},
     0},
    {"plain.ini", {IN_TRAINING, "prune.method=surgery"}, 1, {3}, 0},
    {"plain.ini", {IN_TRAINING, "prune.method=surgery", "train.average=0.9"}, 1, {3}, 0},
    {"plain.ini", {IN_TRAINING, "prune.method=surgery", "prune.end_epoch=3"}, 1, {3}, 0},
    {"plain.ini", {IN_TRAINING, "prune.method=set", "prune.distribution=erk"}, 1, {3}, 0},
    {"rich.ini", {IN_TRAINING, "prune.method=rigl", "train.average=0.8"}, 1, {3}, 0},
    {"plain.ini",
     {IN_TRAINING, "prune.method=soft", "prune.structure=filter"},
     1,
     {3},
     PLAIN_FILTERS},
    {"plain.ini", {IN_TRAINING, "prune.method=edge-popup", "train.average=0.8"}, 1, {3}, 0},
    {"rich.ini", {IN_TRAINING, "prune.method=str", "prune.strength=0.01"}, 1, {3}, 0},
    {"rich.ini", {MAGNITUDE, "prune.regulariser=l0", "train.average=0.8"}, 2, {2, 1, 1}, 0},
    {"plain.ini",
     {MAGNITUDE, "prune.regulariser=l0", "prune.structure=filter", "prune.sparsity=0.5"},
     2,
     {2, 1, 1},
     PLAIN_FILTERS},
    {"rich.ini", {MAGNITUDE, "prune.distill=0.7", "prune.temperature=2"}, 2, {2, 1, 1}, 0},
    {"rich.ini", {MAGNITUDE, "train.average=0.8", "train.label_smoothing=0.1"}, 2, {2, 1, 1}, 0},
    {"rich.ini",
     {MAGNITUDE, "data.augment=crop flip cutout", "train.nesterov=yes", "train.clip_norm=1",
      "train.schedule=one-cycle", "data.validation=17", "data.train=100"},
     2,
     {2, 1, 1},
     0},
    {"rich.ini",
     {MAGNITUDE, "prune.retrain=weight-rewind", "prune.rewind_epoch=1", "train.average=0.5"},
     2,
     {2, 1, 1},
     0},
    {"rich.ini",
     {MAGNITUDE, "model.gate_density=0.5", "model.gate_penalty=0.001", "model.relu_zeros=0.7",
      "train.average=0.9"},
     2,
     {2, 1, 1},
     0},
    {"plain.ini",
     {"prune.method=none", "model.gate_density=0.3", "model.relu_threshold=0.2"},
     0,
     {2},
     0},
    {"stream.ini", {STRUCTURE("channel"), "prune.method=magnitude"}, 1, {3}, -1},
    {"stream.ini",
     {STRUCTURE("channel"), "prune.method=saliency", "prune.distribution=uniform"},
     1,
     {3},
     -1},
    {"stream.ini", {STRUCTURE("neuron"), "prune.method=random", "train.average=0.8"}, 1, {3}, -1},
    {"stream.ini",
     {STRUCTURE("hybrid"), "prune.method=saliency", "prune.distribution=uniform"},
     1,
     {3},
     -1},
};
enum { RECIPES = sizeof recipes / sizeof *recipes };

/* With up to two more arguments, NULL for none. */
static const char *run_with(const recipe *r, const char *dir, const char *const *environment,
                            const char *extra, const char *more) {
  const char *argument[ARGUMENTS_MAX + 6] = {"run", r->config, "-o", dir};
  int n = 4;
  for (int i = 0; i < ARGUMENTS_MAX && r->argument[i]; i++) argument[n++] = r->argument[i];
  argument[n] = extra;
  argument[n + 1] = extra ? more : NULL;
  process p = espalier(&(process_options){.environment = environment}, argument);
  ck_assert_msg(p.status == 0 && !*p.err, "%s: status %d, signal %d: %s", r->argument[0], p.status,
                p.signal, p.err);
  process_free(&p);
  return hash_of_run(dir);
}

/* Whether two configurations differ in the line of one key only. */
static bool same_but_for(const char *key, const char *path, const char *other) {
  char *a = bytes_read(path, NULL), *b = bytes_read(other, NULL), line[64];
  snprintf(line, sizeof line, "\n%s = ", key);
  const char *x = strstr(a, line), *y = strstr(b, line);
  ck_assert(x && y);
  const bool same = x - a == y - b && strncmp(a, b, (size_t)(x - a)) == 0 &&
                    strcmp(strchr(x + 1, '\n'), strchr(y + 1, '\n')) == 0;
  free(a);
  free(b);
  return same;
}

/* By the scalar kernels, all dense, in two threads; by sparse kernels wherever there are some, from
 * the configuration that the run wrote of itself. */
static void check_hashes(const recipe *r) {
  char hash[65];
  snprintf(hash, sizeof hash, "%s", hash_of_run("a"));
  const char *scalar[] = {"ESPALIER_ISA=scalar", NULL};
  ck_assert_str_eq(run_with(r, "b", scalar, "run.threads=2", "train.sparse=off"), hash);
  ESPALIER("run", "a/config.ini", "-o", "c", "train.sparse=on");
  ck_assert_str_eq(hash_of_run("c"), hash);
  ck_assert_msg(same_reports("a", "b") && same_reports("a", "c"), "other reports");
  ck_assert(same_but_for("sparse", "a/config.ini", "c/config.ini"));
}

START_TEST(another_seed) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE);
  ESPALIER("run", "plain.ini", "-o", "b", MAGNITUDE, "run.seed=2");
  ck_assert_str_ne(hash_of_run("a"), hash_of_run("b"));
}
END_TEST

START_TEST(threads_and_instructions) {
  static const char *const isas[] = {"scalar", "avx2", "avx512", "neon"};
  static const char *const threads[] = {"run.threads=1", "run.threads=2", "run.threads=4"};
  const recipe r = {.config = "rich.ini",
                    .argument = {MAGNITUDE, "train.average=0.9", "data.augment=crop flip"}};
  char hash[65] = "";
  int runs = 0;
  for (int i = 0; i < 4; i++) {
    char setting[64];
    snprintf(setting, sizeof setting, "ESPALIER_ISA=%s", isas[i]);
    const process_options options = {.environment = (const char *[]){setting, NULL}};
    process p = espalier(&options, (const char *[]){"run", "rich.ini", "-o", "probe", NULL});
    const bool runs_here = p.status == 0;
    ck_assert_msg(runs_here || (p.status == 2 && strstr(p.err, setting + 13) && !exists("probe")),
                  "%s", p.err);
    process_free(&p);
    if (!runs_here) continue;
    remove_tree("probe");
    for (int t = 0; t < 3; t++) {
      const char *found = run_with(&r, "a", options.environment, threads[t], NULL);
      if (runs++ == 0) snprintf(hash, sizeof hash, "%s", found);
      ck_assert_str_eq(found, hash);
      cJSON *o = result_read("a");
      ck_assert_str_eq(cJSON_GetObjectItem(o, "isa")->valuestring, isas[i]);
      ck_assert(number_of(o, "threads") == 1 << t);
      cJSON_Delete(o);
      remove_tree("a");
    }
  }
  ck_assert_int_ge(runs, 3);
}
END_TEST

/* ---- counts ---- */

/* n - round(s n), halves to even */
static double kept_of(double n, double s) {
  return n - nearbyint(s * n);
}

static void check_counts(const cJSON *result, int units) {
  const double weights = number_of(result, "weights"), kept = number_of(result, "weights_nonzero");
  const double s = number_of(result, "sparsity_requested"),
               sparsity = number_of(result, "sparsity");
  ck_assert(sparsity >= 0.0 && sparsity <= 1.0);
  if (units == 0) ck_assert_double_eq(kept, kept_of(weights, s));
  if (units == 0) ck_assert_double_eq_tol(sparsity, (weights - kept) / weights, 1e-12);
  if (units > 0) ck_assert_double_eq_tol(sparsity, (units - kept_of(units, s)) / units, 1e-12);
  if (units >= 0 && units != PLAIN_FILTERS)
    ck_assert_double_le(number_of(result, "params_nonzero"), /* biases can be 0, and be there */
                        number_of(result, "params") - weights + kept);
  ck_assert_double_eq_tol(number_of(result, "sparsity_network"), 1.0 - kept / weights, 1e-12);
}

static void check_result(const recipe *r) {
  cJSON *o = result_read("a");
  const cJSON *rounds = cJSON_GetObjectItem(o, "rounds"), *round;
  ck_assert_int_eq(cJSON_GetArraySize(rounds), r->rounds);
  int number = 0;
  cJSON_ArrayForEach(round, rounds) {
    ck_assert_double_eq(number_of(round, "round"), ++number);
    check_counts(round, r->units);
  }
  const cJSON *dense = cJSON_GetObjectItem(o, "dense");
  if (r->epochs[0] != 3)
    ck_assert_double_eq(number_of(dense, "weights"), number_of(dense, "weights_nonzero"));
  ck_assert(cJSON_Compare(cJSON_GetObjectItem(o, "final"),
                          r->rounds ? cJSON_GetArrayItem(rounds, r->rounds - 1) : dense, 1));
  cJSON_Delete(o);
}

START_TEST(counts_of_each_layer) {
  static const double sparsity[] = {0.25, 0.75, 0.25};
  ESPALIER("run", "per-layer.ini", "-o", "a");
  table t = table_read("a/layers.csv");
  ck_assert_int_eq(t.rows, 1 + 2 * 3);
  for (int i = 0; i < 3; i++) {
    const double n = atof(cell_of(&t, 4 + i, "weights"));
    ck_assert_double_eq(atof(cell_of(&t, 4 + i, "weights_nonzero")), kept_of(n, sparsity[i]));
    ck_assert_str_eq(cell_of(&t, 1 + i, "weights"), cell_of(&t, 1 + i, "weights_nonzero"));
  }
  table_free(&t);
}
END_TEST

/* What scores less than the threshold is gone, nothing else; the tables say how much that was, and
 * ask for nothing. */
START_TEST(a_threshold_says_how_much_goes) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE, "prune.distribution=threshold",
           "prune.threshold=0.1", "prune.rounds=1", "prune.retrain=none");
  tensors before = tensors_read("a/dense.safetensors"),
          after = tensors_read("a/round-01.safetensors");
  int weights = 0, gone = 0;
  for (int i = 0; i < before.count; i++) {
    const tensor *w = &before.item[i], *now = tensor_of(&after, "", w->name);
    const size_t length = strlen(w->name);
    if (length < 7 || strcmp(w->name + length - 7, ".weight") != 0) continue;
    for (size_t k = 0; k < w->count; k++) {
      const bool stays = fabsf(value_at(w, k)) >= 0.1;
      ck_assert(value_at(now, k) == (stays ? value_at(w, k) : 0.0f));
      gone += !stays;
      weights++;
    }
  }
  ck_assert(gone > 0 && gone < weights);
  table t = table_read("a/rounds.csv"), layers = table_read("a/layers.csv");
  ck_assert_str_eq(cell_of(&t, 1, "sparsity_requested"), "");
  ck_assert_double_eq_tol(atof(cell_of(&t, 1, "sparsity")), (double)gone / weights, 1e-5);
  ck_assert_str_eq(cell_of(&layers, layers.rows - 1, "sparsity_requested"), "");
  ENDS(0, "round 1: nothing more scores less than the threshold", NULL, "run", "plain.ini", "-o",
       "b", MAGNITUDE, "prune.distribution=threshold", "prune.threshold=1e-9",
       "prune.retrain=none");
  table_free(&t);
  table_free(&layers);
  tensors_free(&before);
  tensors_free(&after);
}
END_TEST

/* ---- the files ---- */

static void check_number(const table *t, int row, const char *column, bool may_be_empty) {
  const char *cell = cell_of(t, row, column);
  char *end;
  const double value = strtod(cell, &end);
  ck_assert_msg(*cell ? !*end && isfinite(value) : may_be_empty, "column %s, row %d: '%s'", column,
                row, cell);
}

/* Of the dense network's accuracy, which result.json has; nothing where none was dense. */
static void check_recovery(const table *t, int row) {
  cJSON *o = result_read("a"), *dense = cJSON_GetObjectItem(o, "dense");
  const char *recovery = cell_of(t, row, "recovery");
  ck_assert_int_eq(*recovery != '\0', cJSON_IsNumber(cJSON_GetObjectItem(dense, "test_accuracy")));
  if (*recovery)
    ck_assert_double_eq_tol(
        atof(recovery), atof(cell_of(t, row, "test_accuracy")) / number_of(dense, "test_accuracy"),
        1e-5);
  cJSON_Delete(o);
}

static void check_rounds(int rounds) {
  static const char *const columns[] = {"round",
                                        "sparsity_requested",
                                        "sparsity",
                                        "sparsity_network",
                                        "density",
                                        "compression",
                                        "params",
                                        "params_nonzero",
                                        "bytes",
                                        "macs",
                                        "macs_effective",
                                        "test_accuracy",
                                        "test_top5",
                                        "test_loss",
                                        "milliseconds_per_image",
                                        "seconds",
                                        "train_images_per_second"};
  static const char *const sometimes[] = {"validation_accuracy_before",
                                          "validation_loss_before",
                                          "test_accuracy_before",
                                          "test_loss_before",
                                          "validation_accuracy",
                                          "validation_loss",
                                          "recovery",
                                          "macs_executed"};
  table t = table_read("a/rounds.csv");
  ck_assert_int_eq(t.rows, 1 + rounds);
  ck_assert_int_eq(t.columns, 17 + 8 + 1);
  for (int row = 1; row < t.rows; row++) {
    ck_assert_str_eq(cell_of(&t, row, "step"), "prune");
    for (int i = 0; i < 17; i++) check_number(&t, row, columns[i], false);
    for (int i = 0; i < 8; i++) check_number(&t, row, sometimes[i], true);
    ck_assert_int_eq(atoi(cell_of(&t, row, "round")), row);
    check_recovery(&t, row);
  }
  table_free(&t);
}

static void check_log(const recipe *r) {
  static const char *const columns[] = {"lr", "train_loss", "train_accuracy", "sparsity",
                                        "seconds"};
  table t = table_read("a/log.csv");
  int row = 1;
  for (int stage = 0; stage < 4; stage++)
    for (int epoch = 1; epoch <= r->epochs[stage]; epoch++, row++) {
      ck_assert_int_eq(atoi(cell_of(&t, row, "stage")), stage);
      ck_assert_int_eq(atoi(cell_of(&t, row, "epoch")), epoch);
      for (int i = 0; i < 5; i++) check_number(&t, row, columns[i], false);
    }
  ck_assert_int_eq(t.rows, row);
  table_free(&t);
}

/* The newest weights are zero where the checkpoint's masks are, and nowhere else. */
static void check_weights(const tensors *checkpoint, const char *path, bool all_moved) {
  tensors t = tensors_read(path);
  for (int k = 0; k < t.count; k++) {
    const tensor *value = &t.item[k], *mask = tensor_of(checkpoint, "mask.", value->name);
    for (size_t i = 0; mask && i < value->count; i++) {
      const bool zero = value_at(value, i) == 0.0f;
      ck_assert_msg(kept_at(mask, i) ? !(zero && all_moved) : zero, "%s[%zu]", value->name, i);
    }
  }
  tensors_free(&t);
}

/* weights_sha256 is the SHA-256 of all data of the file, as one could compute with other tools. */
static void check_hash(const char *path, const char *expected) {
  size_t bytes;
  char *file = bytes_read(path, &bytes), hex[65];
  const size_t header = 8 + ((size_t)(unsigned char)file[0] | (size_t)(unsigned char)file[1] << 8 |
                             (size_t)(unsigned char)file[2] << 16);
  esp_sha256 sha;
  esp_sha256_start(&sha);
  esp_sha256_add(&sha, file + header, bytes - header);
  esp_sha256_end(&sha, hex);
  ck_assert_str_eq(hex, expected);
  free(file);
}

static void check_directory(const recipe *r) {
  const bool in_training = r->rounds > 0 && r->epochs[0] == 3;
  char newest[64] = "a/dense.safetensors";
  ck_assert_int_eq(exists("a/dense.safetensors"), !in_training);
  if (r->rounds) snprintf(newest, sizeof newest, "a/round-%02d.safetensors", r->rounds);
  ck_assert_int_eq(count_files("a", ".safetensors"), 1 + !in_training + r->rounds +
                                                         exists("a/rewind.safetensors") +
                                                         exists("a/turned.safetensors"));
  ck_assert_int_eq(count_files("a", ".tmp"), 0);
  /* config.ini, six tables, result.json and the lock */
  ck_assert_int_eq(count_files("a", ""), 9 + count_files("a", ".safetensors") +
                                             exists("a/sparsity.csv") + exists("a/turned.csv"));
  ck_assert_int_eq(exists("a/sparsity.csv"), r->rounds > 0);
  ck_assert_int_eq(exists("a/turned.csv"), r->rounds > 0 && !in_training);
  check_log(r);
  check_rounds(r->rounds);
  tensors checkpoint = tensors_read("a/checkpoint.safetensors");
  cJSON *o = result_read("a");
  ck_assert_double_eq((double)masked_tensors_check(&checkpoint),
                      number_of(cJSON_GetObjectItem(o, "final"), "params_nonzero"));
  cJSON_Delete(o);
  check_weights(&checkpoint, newest, r->epochs[0] == 2);
  check_hash(newest, hash_of_run("a"));
  tensors_free(&checkpoint);
}

START_TEST(each_recipe) {
  const recipe *r = &recipes[_i];
  run_with(r, "a", NULL, NULL, NULL);
  check_result(r);
  check_directory(r);
  check_hashes(r);
}
END_TEST

START_TEST(only_the_last_weights) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=random", "prune.rounds=3",
           "run.save_rounds=no");
  ck_assert(exists("a/dense.safetensors") && exists("a/round-03.safetensors"));
  ck_assert_int_eq(count_files("a", ".safetensors"), 3 + exists("a/turned.safetensors"));
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("runs");
  TCase *t = tcase_create("runs");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_loop_test(t, each_recipe, 0, RECIPES);
  tcase_add_test(t, another_seed);
  tcase_add_test(t, threads_and_instructions);
  tcase_add_test(t, counts_of_each_layer);
  tcase_add_test(t, a_threshold_says_how_much_goes);
  tcase_add_test(t, only_the_last_weights);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
