/* Sweeps that cannot be made: what is said of them, and what their directories hold. */
#include "nets.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PRUNED CONFIG_BEGIN PLAIN_LAYERS "[prune]\nmethod = magnitude\nrounds = 2\nsparsity = 0.8\n"

static void setup(void) {
  rig_open();
  text_write("two.ini", PRUNED "[sweep]\nprune.sparsity = 0.5 0.9\nrun.seed = 1 2\n");
}

/* ---- looking before leaping ---- */

START_TEST(a_dry_run_makes_nothing) {
  ENDS(0, "4 runs, 2 trainings shared among them", NULL, "sweep", "two.ini", "-o", "out",
       "--dry-run");
  ENDS(0, "prune.sparsity=0.9,run.seed=2", NULL, "sweep", "two.ini", "-o", "out", "--dry-run");
  ENDS(0, "about ", NULL, "sweep", "two.ini", "-o", "out", "--dry-run", "--shard", "1/2");
  ENDS(0, "on this machine, 2 at a time, ", NULL, "sweep", "two.ini", "-o", "out", "--dry-run",
       "--jobs", "2");
  ck_assert(!exists("out"));
}
END_TEST

/* One network's pace says nothing of another's; a run that has ended says most. */
START_TEST(a_dry_run_knows_the_pace_of_each_network) {
  text_write("nets.ini",
             CONFIG_BEGIN PLAIN_LAYERS "[sweep]\ntrain.batch = 8 16\ntrain.lr = 0.1 0.05\n");
  ENDS(0, "from a few steps of train.batch=8,train.lr=0.1 (", NULL, "sweep", "nets.ini", "-o",
       "out", "--dry-run");
  ENDS(0, " images/s) and of 1 other network;", NULL, "sweep", "nets.ini", "-o", "out",
       "--dry-run");
  ESPALIER("sweep", "nets.ini", "-o", "out", "--shard", "1/4");
  ENDS(0, "from the 1 finished run and a few steps of train.batch=16,train.lr=0.1 (", NULL, "sweep",
       "nets.ini", "-o", "out", "--dry-run");
  ESPALIER("sweep", "nets.ini", "-o", "out");
  ENDS(0, "about 0 s on this machine, 1 at a time, from the 4 finished runs;", NULL, "sweep",
       "nets.ini", "-o", "out", "--dry-run");
  ENDS(0, " images/s) and of 11 other networks; the rest by their multiply-adds;", NULL, "sweep",
       "nets.ini", "-o", "many", "--dry-run",
       "train.batch=8 9 10 11 12 13 14 15 16 17 18 19 20 21");
}
END_TEST

static const struct {
  const char *text, *expected;
} wrong[] = {
    {PRUNED, "bad.ini: nothing is swept; expected a section [sweep]"},
    {PRUNED "[sweep]\n", "bad.ini: nothing is swept"},
    {PRUNED "[sweep]\nprune.sparsty = 0.5\n",
     "unknown key 'sparsty' in [prune]; did you mean 'sparsity'?"},
    {PRUNED "[sweep]\nprun.sparsity = 0.5\n", "unknown section [prun]; did you mean"},
    {PRUNED "[sweep]\nsparsity = 0.5\n", "did you mean prune.sparsity?"},
    {PRUNED "[sweeps]\nrun.seed = 1 2\n", "unknown section [sweeps]; did you mean sweep?"},
    {PRUNED "[sweep\nrun.seed = 1 2\n", "section without ']'"},
    {PRUNED "[sweep]\nmoed = zip\n", "unknown key 'moed' in [sweep]; did you mean 'mode'?"},
    {PRUNED "[sweep]\nseed = 1 2 3\n", "did you mean run.seed?"},
    {PRUNED "[sweep]\nmode = all\nrun.seed = 1\n",
     "mode = 'all': expected one of grid, zip, random"},
    {PRUNED "[sweep]\nrun.seed =\n", "run.seed: no values, expected a list"},
    {PRUNED "[sweep]\nrun.seed = 1\nrun.seed = 2\n",
     "run.seed given twice in [sweep], first at bad.ini:"},
    {PRUNED "[sweep]\nrun.seed = 1 x\n", "seed = 'x': expected a whole number"},
    {PRUNED "[sweep]\nprune.sparsity = 0.5 1.5\n",
     "sparsity = '1.5': expected a number from 0 to 1"},
    {PRUNED "[sweep]\nprune.skip = \"conv1\n", "prune.skip: a double quote has no end"},
    {PRUNED "[sweep]\nprune.skip = \"conv1\"x\n",
     "prune.skip: expected a space behind a quoted value, not 'x'"},
    {PRUNED "[sweep]\nprune.skip = conv\"1\n", "prune.skip: a double quote within 'conv'"},
    {PRUNED "[sweep]\nrun.output = a b\n", "run.output cannot be swept"},
    {PRUNED "[sweep]\nrun.seed = 1 1\n", "asks for the same run twice: run.seed=1 and run.seed=1"},
    {PRUNED "[sweep]\nprune.sparsity = 0.9 0.90\n", "asks for the same run twice"},
    {PRUNED "[sweep]\nmode = zip\nrun.seed = 1 2 3\nprune.sparsity = 0.5 0.6\n",
     "mode = zip: prune.sparsity has 2 values"},
    {PRUNED "[sweep]\nmode = random\nrun.seed = 1 2 3\n",
     "[sweep] count = 0: expected 1 to the 3 combinations"},
    {PRUNED "[sweep]\ncount = 2\nrun.seed = 1 2 3\n",
     "bad.ini: [sweep] count is for mode = random, and mode = grid"},
    {PRUNED "[sweep]\nmode = zip\nseed = 2\nrun.seed = 1 2 3\n",
     "seed is for mode = random, and mode = zip"},
    {PRUNED "[sweep]\ncross = run.seed\nrun.seed = 1 2 3\n",
     "bad.ini: [sweep] cross is for mode = zip, and mode = grid"},
    {PRUNED "[sweep]\nmode = zip\ncross = train.lr\nrun.seed = 1 2 3\n",
     "[sweep] cross: 'train.lr' is not swept"},
    {PRUNED "[sweep]\nmode = zip\ncross = run.sed\nrun.seed = 1 2 3\n",
     "[sweep] cross: 'run.sed' is not swept"},
    {PRUNED "[sweep]\nrun . output = a b\n", "run.output cannot be swept"},
    {PRUNED "[sweep]\nmode = random\ncount = 4\nrun.seed = 1 2 3\n",
     "[sweep] count = 4: expected 1 to the 3"},
    {PRUNED "[sweep]\nprune.schedule = one-shot iterative\n",
     "run prune.schedule=one-shot: [prune] rounds = 2 with schedule = one-shot"},
    {PRUNED "[sweep]\nprune.skip = conv9 linear*\n",
     "run prune.skip=conv9: [prune] skip: 'conv9' matches no layer"},
    {PRUNED "[sweep]\nmodel.arch = custom resnet21\n", "run model.arch=resnet21: "},
    {PRUNED "[sweep]\ndata.dataset = shapes cifar10\n", "run data.dataset=cifar10: data.path"},
    {CONFIG_BEGIN PLAIN_LAYERS "[sweep]\nmodel.weights = runs/none\nrun.seed = 1 2\n",
     ",run.seed=1: runs/none: no such file or run directory"},
    {CONFIG_BEGIN PLAIN_LAYERS "[sweep]\nprune.mask_from = masks.safetensors\nrun.seed = 1 2\n",
     "masks.safetensors: no such file or run directory"},
};
enum { WRONG = sizeof wrong / sizeof *wrong };

START_TEST(wrong_sweeps_make_nothing) {
  text_write("bad.ini", wrong[_i].text);
  ENDS(2, NULL, wrong[_i].expected, "sweep", "bad.ini", "-o", "out");
  ck_assert(!exists("out"));
  ck_assert(!exists("runs"));
}
END_TEST

/* What is damaged in a sweep's directory is named, and nothing is repaired by guessing. */
START_TEST(damaged_directories) {
  static const struct {
    const char *file, *text, *expected;
  } damages[] = {
      {"out/sweep.ini", "", "out/sweep.ini: nothing is swept"},
      {"out/sweep.ini", PRUNED "[sweep]\nprune.sparsity\n",
       "out/sweep.ini:32: expected 'key = value'"},
      {"out/run.seed=1/config.ini", "", "out/run.seed=1/config.ini: is empty"},
      {"out/run.seed=1/config.ini", "[run]\nse",
       "out/run.seed=1/config.ini:2: expected 'key = value'"},
      {"out/run.seed=1/config.ini", NULL,
       "out/run.seed=1: not a run directory: expected one with config.ini"},
  };
  text_write("one.ini", PRUNED "[sweep]\nrun.seed = 1 2\n");
  ENDS(0, NULL, NULL, "sweep", "one.ini", "-o", "out");
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    size_t bytes;
    char *good = bytes_read(damages[i].file, &bytes);
    const int files = count_files("out/run.seed=1", "");
    if (damages[i].text)
      text_write(damages[i].file, damages[i].text);
    else
      ck_assert_int_eq(remove(damages[i].file), 0);
    ENDS(2, NULL, damages[i].expected, "sweep", "out");
    ck_assert_int_eq(count_files("out/run.seed=1", ""), files - !damages[i].text);
    ck_assert(exists(damages[i].file) == (damages[i].text != NULL));
    bytes_write(damages[i].file, good, bytes);
    free(good);
  }
  ENDS(0, NULL, NULL, "sweep", "out");
}
END_TEST

START_TEST(a_million_runs) {
  char text[4096];
  size_t used = (size_t)snprintf(text, sizeof text, "%s[sweep]\n", PRUNED);
  static const char *const keys[] = {"run.seed", "prune.rounds", "train.epochs"};
  for (int k = 0; k < 3; k++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s =\n", keys[k]);
    for (int i = 1; i <= 100; i++)
      used += (size_t)snprintf(text + used, sizeof text - used, i % 20 == 1 ? "\n  %d" : " %d", i);
    used += (size_t)snprintf(text + used, sizeof text - used, "\n");
  }
  text_write("many.ini", text);
  ENDS(2, NULL, "1000000 runs, expected at most 4096", "sweep", "many.ini", "-o", "out");
  ck_assert(!exists("out"));
}
END_TEST

START_TEST(wrong_arguments) {
  ENDS(2, NULL, "--shard '3/2': expected I/N", "sweep", "two.ini", "--shard", "3/2");
  ENDS(2, NULL, "--shard '0/2': expected I/N", "sweep", "two.ini", "--shard", "0/2");
  ENDS(2, NULL, "--jobs '0': expected a whole number from 1 to 256", "sweep", "two.ini", "--jobs",
       "0");
  ENDS(2, NULL, "--jobs: expected a whole number from 1 to 256 after it", "sweep", "two.ini",
       "--jobs");
  ENDS(2, NULL, "unknown option '--job'; did you mean '--jobs'?", "sweep", "two.ini", "--job", "2");
  ENDS(2, NULL, "expected a file with a section [sweep]", "sweep");
  ENDS(2, NULL, "no-such.ini", "sweep", "no-such.ini");
  ENDS(2, NULL, "this file asks for many runs; expected: espalier sweep two.ini", "run", "two.ini");
  ck_assert(!exists("runs"));
}
END_TEST

/* ---- directories that are something else ---- */

/* A sweep takes the place of another one only with all of its runs. */
START_TEST(directories_of_other_sweeps) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  char *before = bytes_read("out/sweep.ini", NULL);
  ENDS(2, NULL,
       "out: holds another sweep, with the run prune.sparsity=0.5,run.seed=2, "
       "which this one has not",
       "sweep", "two.ini", "-o", "out", "run.seed=1");
  ENDS(2, NULL, "out: holds another sweep", "sweep", "two.ini", "-o", "out", "run.seed=1",
       "--dry-run");
  text_write("methods.ini", PRUNED "[sweep]\nprune.method = magnitude random\n");
  ENDS(2, NULL, "out: holds another sweep", "sweep", "methods.ini", "-o", "out");
  char *after = bytes_read("out/sweep.ini", NULL);
  ck_assert_str_eq(before, after);
  free(before);
  free(after);
  ESPALIER("sweep", "two.ini", "-o", "out", "run.seed=1 2 3");
  hash_of_run("out/prune.sparsity=0.9,run.seed=3");
}
END_TEST

START_TEST(directories_of_others) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  ENDS(2, NULL, "out/dense,run.seed=1: was made by another configuration", "sweep", "two.ini", "-o",
       "out", "train.epochs=3");
  ESPALIER("run", "out/prune.sparsity=0.5,run.seed=1/config.ini", "-o", "run");
  ENDS(2, NULL, "run: holds a run", "sweep", "two.ini", "-o", "run");
  ck_assert_int_eq(mkdir("else", 0777), 0);
  text_write("else/letter.txt", "Dear Sir");
  ENDS(2, NULL, "else: not the directory of a sweep", "sweep", "two.ini", "-o", "else");
  ENDS(2, NULL, "else: not the directory of a sweep", "sweep", "else");
  text_write("file", "");
  ENDS(2, NULL, "file: is in the way", "sweep", "two.ini", "-o", "file");
}
END_TEST

START_TEST(a_directory_in_the_place_of_a_run) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  remove_tree("out/prune.sparsity=0.9,run.seed=1");
  ck_assert_int_eq(mkdir("out/prune.sparsity=0.9,run.seed=1", 0777), 0);
  text_write("out/prune.sparsity=0.9,run.seed=1/letter.txt", "Dear Sir");
  ENDS(2, NULL, "out/prune.sparsity=0.9,run.seed=1: not a run directory", "sweep", "two.ini", "-o",
       "out");
  remove_tree("out/prune.sparsity=0.9,run.seed=1");
  text_write("out/prune.sparsity=0.9,run.seed=1", "");
  ENDS(2, NULL, "out/prune.sparsity=0.9,run.seed=1: is in the way", "sweep", "two.ini", "-o",
       "out");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("refused sweeps");
  TCase *t = tcase_create("refused sweeps");
  tcase_set_timeout(t, 600);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, a_dry_run_makes_nothing);
  tcase_add_test(t, a_dry_run_knows_the_pace_of_each_network);
  tcase_add_loop_test(t, wrong_sweeps_make_nothing, 0, WRONG);
  tcase_add_test(t, damaged_directories);
  tcase_add_test(t, a_million_runs);
  tcase_add_test(t, wrong_arguments);
  tcase_add_test(t, directories_of_other_sweeps);
  tcase_add_test(t, directories_of_others);
  tcase_add_test(t, a_directory_in_the_place_of_a_run);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
