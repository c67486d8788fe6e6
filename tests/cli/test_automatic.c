/* What chooses sparsities by itself: sensitivity, search, feedback, genetic and swarm. */
#include "nets.h"
#include "rig.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* 320 images to train on, 80 that are held out. */
static const char plain[] =
    "[run]\nthreads = 1\n[data]\ndataset = shapes\ntrain = 400\nvalidation = 80\ntest = 48\n"
    "[train]\nepochs = 2\nbatch = 32\n[prune]\nmethod = magnitude\nretrain_epochs = 1\nevery = 2\n"
    "saliency_batches = 2\n[model]\narch = custom\nlayers =\n" PLAIN_LAYERS;

static void setup(void) {
  rig_open();
  text_write("plain.ini", plain);
}

static void fails(const char *says, const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_int_eq(p.status, 2);
  ck_assert_msg(strstr(p.err, says) != NULL, "'%s' lacks '%s'", p.err, says);
  process_free(&p);
}
#define FAILS(says, ...) fails(says, (const char *const[]){__VA_ARGS__, NULL})

static double number_at(const table *t, int row, const char *column) {
  return strtod(cell_of(t, row, column), NULL);
}

static double validation_of(const char *dir, bool dense) {
  cJSON *o = result_read(dir);
  const double v =
      number_of(cJSON_GetObjectItem(o, dense ? "dense" : "final"), "validation_accuracy");
  cJSON_Delete(o);
  return v;
}

/* ---- sensitivity ---- */

/* A row for nothing pruned, and one per layer and sparsity, whose units are counted as anywhere
 * else. A layer of which nothing goes costs nothing: so the layers before it were put back. The run
 * stays as it was. */
START_TEST(sensitivity_of_layers) {
  static const char *const layers[] = {"conv1", "conv2", "linear1"};
  static const double units[] = {216, 864, 120};
  ESPALIER("run", "plain.ini", "-o", "out", "prune.schedule=one-shot");
  char *before = bytes_read("out/checkpoint.safetensors", NULL);
  ESPALIER("sensitivity", "out", "prune.sparsities=0.5 0.9 0");
  table t = table_read("out/sensitivity.csv");
  ck_assert_int_eq(t.rows, 1 + 1 + 3 * 3);
  const double dense = number_at(&t, 1, "validation_accuracy"),
               loss = number_at(&t, 1, "validation_loss");
  ck_assert_double_eq_tol(dense, validation_of("out", true), 1e-5);
  for (int i = 0; i < 9; i++) {
    static const double asked[] = {0.5, 0.9, 0};
    const int row = 2 + i, layer = i / 3;
    const double gone = nearbyint(asked[i % 3] * units[layer]) / units[layer];
    ck_assert_str_eq(cell_of(&t, row, "layer"), layers[layer]);
    ck_assert(number_at(&t, row, "units") == units[layer]);
    ck_assert_double_eq_tol(number_at(&t, row, "sparsity"), gone, 1e-5);
    ck_assert_double_eq_tol(number_at(&t, row, "change"),
                            number_at(&t, row, "validation_accuracy") - dense, 1e-5);
    ck_assert((number_at(&t, row, "validation_loss") == loss) == (i % 3 == 2));
  }
  table_free(&t);
  char *after = bytes_read("out/checkpoint.safetensors", NULL);
  ck_assert_str_eq(before + 8, after + 8); /* its JSON has checksums of all tensors */
  free(before);
  free(after);
}
END_TEST

/* Layers count alone: what sensitivity says of one is what pruning it by hand does. */
START_TEST(sensitivity_is_what_pruning_does) {
  ESPALIER("run", "plain.ini", "-o", "out", "prune.distribution=per-layer",
           "prune.layers=conv2 0.75", "prune.schedule=one-shot", "prune.retrain=none",
           "prune.structure=filter");
  ESPALIER("sensitivity", "out", "prune.sparsities=0.75", "-o", "elsewhere/deep");
  table t = table_read("elsewhere/deep/sensitivity.csv");
  ck_assert_str_eq(cell_of(&t, 3, "layer"), "conv2");
  ck_assert_double_eq_tol(number_at(&t, 3, "validation_accuracy"), validation_of("out", false),
                          1e-5);
  ck_assert(!exists("out/sensitivity.csv"));
  table_free(&t);
}
END_TEST

START_TEST(sensitivity_says_what_it_looks_at) {
  ESPALIER("run", "plain.ini", "-o", "out", "data.validation=0", "prune.method=none");
  process p = espalier(&(process_options){0}, (const char *const[]){"sensitivity", "out", NULL});
  ck_assert_int_eq(p.status, 0);
  ck_assert_msg(
      strstr(p.out, "of the 40 validation images the network was trained on some or all") != NULL,
      "%s", p.out);
  process_free(&p);
  table t = table_read("out/sensitivity.csv");
  ck_assert_int_eq(t.rows, 1 + 1 + 3 * 10);
  table_free(&t);
  FAILS("expected [model] weights", "sensitivity", "plain.ini");
  FAILS("no such file", "sensitivity", "nowhere");
  FAILS("gathered while training", "sensitivity", "out", "prune.method=movement");
  FAILS("such as prune.structure=weight", "sensitivity", "out", "prune.structure=n:m");
  FAILS("unknown option '-x'", "sensitivity", "out", "-x");
  ESPALIER("sensitivity", "plain.ini", "model.weights=out", "run.name=named",
           "prune.sparsities=0.5");
  ck_assert(exists("runs/named/sensitivity.csv"));
}
END_TEST

/* ---- densities that are found ---- */

#define SMALL_SEARCH \
  "prune.schedule=one-shot", "prune.sparsity=0.7", "prune.population=4", "prune.generations=3"

/* found.ini says in words what was found: it ends with the same bits. */
START_TEST(found_densities_can_be_written_down) {
  static const char *const ways[][2] = {{"prune.distribution=genetic", "prune.structure=weight"},
                                        {"prune.distribution=swarm", "prune.structure=channel"}};
  const char *budget = _i < 2 ? "prune.budget=units" : "prune.budget=macs";
  ESPALIER("run", "plain.ini", "-o", "out", SMALL_SEARCH, ways[_i % 2][0], ways[_i % 2][1], budget,
           "prune.recalibrate=2", "train.average=0.9");
  table t = table_read("out/trials.csv");
  ck_assert_int_eq(t.rows, 1 + (_i % 2 ? 4 + 3 * 4 : 4 + 3 * 3));
  table_free(&t);
  ESPALIER("run", "out/found.ini", "-o", "again");
  ck_assert_str_eq(hash_of_run("again"), hash_of_run("out"));
  ck_assert(!exists("again/trials.csv"));
}
END_TEST

/* The network that is pruned is the best of those on trial: its accuracy before retraining is
 * theirs. */
START_TEST(what_is_pruned_is_the_best_trial) {
  ESPALIER("run", "plain.ini", "-o", "out", SMALL_SEARCH, "prune.distribution=swarm");
  table t = table_read("out/trials.csv"), rounds = table_read("out/rounds.csv");
  double best = 0.0;
  for (int i = 1; i < t.rows; i++) best = fmax(best, number_at(&t, i, "validation_accuracy"));
  ck_assert_double_eq_tol(number_at(&rounds, 1, "validation_accuracy_before"), best, 1e-5);
  ck_assert_double_eq_tol(number_at(&rounds, 1, "sparsity"), 0.7, 1e-5);
  table_free(&t);
  table_free(&rounds);
}
END_TEST

START_TEST(validation_images_are_needed) {
  FAILS("expected [data] validation above 0", "run", "plain.ini", "data.validation=0",
        "prune.distribution=swarm");
  FAILS("expected [data] validation above 0", "run", "plain.ini", "data.validation=0",
        "prune.schedule=feedback", "prune.rounds=3");
  FAILS("expected [data] validation above 0", "search", "plain.ini", "data.validation=0");
  FAILS("expected less than the 1.5 epochs", "run", "plain.ini", "prune.schedule=linear",
        "prune.pause_epochs=1.5");
  ck_assert(!exists("runs"));
}
END_TEST

/* ---- feedback ---- */

/* Every round follows from those before, as feedback.c says; the network that is left is the last
 * good one, with the bits it had. */
static void check_course(const char *dir, double tolerance) {
  table t = table_read("out/rounds.csv");
  const double dense = validation_of(dir, true);
  double good = 0.0, step = 0.4;
  bool back = false, over = false;
  int row = 1, best = 0;
  for (; !over; row++) {
    ck_assert_msg(row < t.rows, "%d rows", t.rows);
    const double asked = fmin(good + step, 0.9),
                 drop = dense - number_at(&t, row, "validation_accuracy");
    ck_assert_double_eq_tol(number_at(&t, row, "sparsity_requested"), asked, 1e-5);
    ck_assert_double_eq_tol(number_at(&t, row, "sparsity"),
                            nearbyint(asked * PLAIN_WEIGHTS) / PLAIN_WEIGHTS, 1e-5);
    back = drop > tolerance + 1e-6;
    if (!back) good = asked, best = row;
    if (2 * drop > tolerance + 1e-6) step /= 2;
    over = good >= 0.9 || step < 0.05 || row == 7;
  }
  if (back) {
    char name[64], other[64];
    snprintf(name, sizeof name, "%s/round-%02d.safetensors", dir, row);
    snprintf(other, sizeof other, best ? "%s/round-%02d.safetensors" : "%s/dense.safetensors", dir,
             best);
    ck_assert(same_bytes(name, other));
    ck_assert_double_eq_tol(number_at(&t, row, "sparsity"), good, 1e-3);
    row++;
  }
  ck_assert_int_eq(t.rows, row);
  table_free(&t);
}

START_TEST(feedback_follows_its_rule) {
  static const char *const tolerances[] = {"prune.tolerance=0", "prune.tolerance=0.03",
                                           "prune.tolerance=0.1", "prune.tolerance=1"};
  static const double as_numbers[] = {0, 0.03, 0.1, 1};
  const char *retrain = _i % 2 ? "prune.retrain=weight-rewind" : "prune.retrain=finetune";
  ESPALIER("run", "plain.ini", "-o", "out", "prune.schedule=feedback", "prune.rounds=7",
           "prune.step=0.4", "prune.least_step=0.05", tolerances[_i], retrain, "train.epochs=6");
  check_course("out", as_numbers[_i]);
}
END_TEST

/* A training that was taken over leaves a good network to step back to. */
START_TEST(feedback_after_a_shared_training) {
#define COURSE                                                                        \
  "prune.schedule=feedback", "prune.rounds=3", "prune.step=0.8", "prune.tolerance=0", \
      "run.name=same"
  ESPALIER("run", "plain.ini", "-o", "dense", "prune.method=none");
  ESPALIER("run", "plain.ini", "-o", "out", COURSE, "run.dense=dense");
  ESPALIER("run", "plain.ini", "-o", "alone", COURSE);
  ck_assert_str_eq(hash_of_run("out"), hash_of_run("alone"));
  ck_assert(exists("out/good.safetensors"));
}
END_TEST

/* ---- search ---- */

/* Good is what is within the tolerance; sparsities halve the interval between good and not good,
 * down to the least step; the best is the sparsest that is good. */
static void check_search(const char *dir, double tolerance, double most) {
  char path[64];
  snprintf(path, sizeof path, "%s/search.csv", dir);
  table t = table_read(path);
  const double dense = number_at(&t, 1, "validation_accuracy");
  double good = 0.0, bad = most;
  for (int row = 2; row < t.rows; row++) {
    const double asked = row == 2 ? most : 0.5 * (good + bad),
                 at = number_at(&t, row, "validation_accuracy");
    const bool is_good = dense - at <= tolerance + 1e-6;
    ck_assert_double_eq_tol(number_at(&t, row, "sparsity_requested"), asked, 1e-5);
    ck_assert_str_eq(cell_of(&t, row, "good"), is_good ? "yes" : "no");
    snprintf(path, sizeof path, "%s/%s", dir, cell_of(&t, row, "run"));
    ck_assert_double_eq_tol(validation_of(path, false), at, 1e-5);
    *(is_good ? &good : &bad) = asked;
  }
  ck_assert(bad - good <= 0.1 + 1e-9);
  for (int row = 1; row < t.rows; row++)
    ck_assert_str_eq(cell_of(&t, row, "best"),
                     number_at(&t, row, "sparsity_requested") == good ? "yes" : "no");
  table_free(&t);
}

#define SEARCH \
  "search", "plain.ini", "prune.schedule=one-shot", "prune.least_step=0.1", "prune.sparsity=0.8"

/* Other tolerances use the trials that are there; other recipes are refused, and leave the search
 * as it was. */
START_TEST(search_bisects) {
  ESPALIER(SEARCH, "-o", "out", "prune.tolerance=0");
  check_search("out", 0, 0.8);
  struct stat before, after;
  ck_assert_int_eq(stat("out/sparsity=0.8/result.json", &before), 0);
  ESPALIER("search", "out", "prune.tolerance=0.05");
  check_search("out", 0.05, 0.8);
  ck_assert_int_eq(stat("out/sparsity=0.8/result.json", &after), 0);
  ck_assert(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
            before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
  FAILS("made by another configuration", "search", "out", "prune.retrain_epochs=2");
  ESPALIER("search", "out");
  check_search("out", 0.05, 0.8);
  ESPALIER("run", "plain.ini", "-o", "alone", "prune.schedule=one-shot", "prune.sparsity=0.8");
  ck_assert_str_eq(hash_of_run("alone"), hash_of_run("out/sparsity=0.8"));
  FAILS("schedule than list and feedback", "search", "plain.ini", "prune.schedule=feedback");
  FAILS("method = none", "search", "plain.ini", "prune.method=none");
  FAILS("not the directory of a search", "search", "alone");
  FAILS("holds a run", "search", "plain.ini", "-o", "alone");
}
END_TEST

/* Methods that prune in training have no training to share. */
START_TEST(search_among_dynamic_methods) {
  ESPALIER("search", "plain.ini", "-o", "out", "prune.method=set", "prune.sparsity=0.8",
           "prune.least_step=0.1", "prune.tolerance=0.02");
  check_search("out", 0.02, 0.8);
}
END_TEST

/* The dense training that trials share keeps the weights that they go back to. */
START_TEST(search_with_rewinding) {
  ESPALIER(SEARCH, "-o", "out", "prune.tolerance=1", "prune.retrain=weight-rewind",
           "prune.rewind_step=2");
  check_search("out", 1, 0.8);
  ck_assert(exists("out/dense/step-2.safetensors"));
}
END_TEST

/* Killed in the dense training, within a trial, and between two. */
START_TEST(search_is_killed_and_goes_on) {
  static const char *const files[] = {"killed/dense/checkpoint.safetensors",
                                      "killed/sparsity=0.8/config.ini",
                                      "killed/sparsity=0.8/result.json"};
#define LONGER "prune.tolerance=0", "data.train=800", "run.checkpoint_minutes=0.0003"
  ESPALIER(SEARCH, "-o", "whole", LONGER);
  for (int i = 0; i < 3; i++) {
    const process_options options = {.signal = i ? SIGKILL : SIGTERM, .begun = files[i]};
    process p = espalier(&options, (const char *const[]){SEARCH, "-o", "killed", LONGER, NULL});
    ck_assert_msg(p.signal == SIGKILL || p.status == 130 || p.status == 0, "%s", p.err);
    process_free(&p);
  }
  ESPALIER("search", "killed");
  check_search("killed", 0, 0.8);
  ck_assert(same_bytes("killed/search.csv", "whole/search.csv"));
  ck_assert_str_eq(hash_of_run("killed/sparsity=0.8"), hash_of_run("whole/sparsity=0.8"));
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("automatic");
  TCase *t = tcase_create("automatic");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, sensitivity_of_layers);
  tcase_add_test(t, sensitivity_is_what_pruning_does);
  tcase_add_test(t, sensitivity_says_what_it_looks_at);
  tcase_add_loop_test(t, found_densities_can_be_written_down, 0, 4);
  tcase_add_test(t, what_is_pruned_is_the_best_trial);
  tcase_add_test(t, validation_images_are_needed);
  tcase_add_loop_test(t, feedback_follows_its_rule, 0, 4);
  tcase_add_test(t, feedback_after_a_shared_training);
  tcase_add_test(t, search_bisects);
  tcase_add_test(t, search_among_dynamic_methods);
  tcase_add_test(t, search_with_rewinding);
  tcase_add_test(t, search_is_killed_and_goes_on);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
