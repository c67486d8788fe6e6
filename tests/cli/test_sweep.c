/* Sweeps: what they make, and what is left of them when they are killed. */
#include "nets.h"
#include "rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE CONFIG_BEGIN PLAIN_LAYERS
#define PRUNED BASE "[prune]\nmethod = magnitude\nrounds = 2\nsparsity = 0.8\n"
#define TWO_BY_TWO PRUNED "[sweep]\nprune.sparsity = 0.5 0.9\nrun.seed = 1 2\n"

static void setup(void) {
  rig_open();
  text_write("two.ini", TWO_BY_TWO);
}

static const char *const four[] = {"prune.sparsity=0.5,run.seed=1", "prune.sparsity=0.5,run.seed=2",
                                   "prune.sparsity=0.9,run.seed=1",
                                   "prune.sparsity=0.9,run.seed=2"};

static const char *inside(const char *dir, const char *name) {
  static char path[4][512];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
  return path[turn];
}

/* A file of a run of the sweep in "out". */
static const char *inside_run(const char *name, const char *file) {
  char run[256];
  snprintf(run, sizeof run, "out/%s", name);
  return inside(run, file);
}

/* How often the text occurs in the file. */
static int times(const char *path, const char *text) {
  int n = 0;
  char *file = bytes_read(path, NULL);
  for (const char *at = file; (at = strstr(at, text)); at++) n++;
  free(file);
  return n;
}

static void check_same_runs(const char *dir, const char *other) {
  for (int i = 0; i < 4; i++) {
    ck_assert_str_eq(hash_of_run(inside(dir, four[i])), hash_of_run(inside(other, four[i])));
    ck_assert(same_reports(inside(dir, four[i]), inside(other, four[i])));
    ck_assert_int_eq(count_files(inside(dir, four[i]), ".tmp"), 0);
  }
}

/* ---- what a sweep makes ---- */

START_TEST(a_grid) {
  ENDS(0, "prune.sparsity=0.9,run.seed=2: top-1", NULL, "sweep", "two.ini", "-o", "out");
  ck_assert(exists("out/sweep.ini"));
  ck_assert(exists("out/dense,run.seed=1/dense.safetensors"));
  ck_assert(exists("out/dense,run.seed=2/dense.safetensors"));
  ck_assert_int_eq(count_files("out", ""), 2 + 4 + 4);
  /* A header; of four runs the dense network and two rounds. */
  char *text = bytes_read("out/sweep.csv", NULL);
  int lines = 0;
  for (const char *c = text; *c; c++) lines += *c == '\n';
  ck_assert_int_eq(lines, 1 + 4 * 3);
  ck_assert_ptr_nonnull(strstr(text, hash_of_run("out/prune.sparsity=0.9,run.seed=2")));
  ck_assert_ptr_nonnull(strstr(text, ",weights_nonzero,bytes,macs_effective,"));
  free(text);
  table summary = table_read("out/summary.csv");
  ck_assert_int_eq(summary.rows, 1 + 2 * 3);
  for (int r = 1; r < summary.rows; r++) ck_assert_str_eq(cell_of(&summary, r, "runs"), "2");
  table_free(&summary);
}
END_TEST

static double accuracy_of(const char *dir) {
  cJSON *o = result_read(dir);
  const double accuracy = number_of(cJSON_GetObjectItem(o, "final"), "test_accuracy");
  cJSON_Delete(o);
  return accuracy;
}

/* The mean and deviation over two seeds, by hand. */
START_TEST(the_summary_says_mean_and_deviation) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  table summary = table_read("out/summary.csv");
  for (int i = 0; i < 2; i++) {
    const double a = accuracy_of(inside("out", four[2 * i])),
                 b = accuracy_of(inside("out", four[2 * i + 1]));
    const double mean = strtod(cell_of(&summary, 3 + 3 * i, "test_accuracy_mean"), NULL);
    const double sd = strtod(cell_of(&summary, 3 + 3 * i, "test_accuracy_sd"), NULL);
    ck_assert_str_eq(cell_of(&summary, 3 + 3 * i, "round"), "2");
    ck_assert_double_eq_tol(mean, (a + b) / 2, 1e-5);
    ck_assert_double_eq_tol(sd * sd, (a - b) * (a - b) / 2, 1e-5);
  }
  table_free(&summary);
}
END_TEST

/* By threshold each seed has a sparsity of its own; the summary has their mean. */
START_TEST(sparsities_of_seeds_are_averaged) {
  double sum = 0.0;
  int pruned = 0;
  text_write("threshold.ini", BASE
             "[prune]\nmethod = magnitude\ndistribution = threshold\n"
             "threshold = 0.2\nretrain = none\n[sweep]\nrun.seed = 1 2\n");
  ESPALIER("sweep", "threshold.ini", "-o", "out");
  table runs = table_read("out/sweep.csv"), means = table_read("out/summary.csv");
  for (int row = 1; row < runs.rows; row++) {
    if (strcmp(cell_of(&runs, row, "round"), "1") != 0) continue;
    sum += atof(cell_of(&runs, row, "sparsity"));
    pruned++;
  }
  ck_assert_int_eq(pruned, 2);
  const double mean = atof(cell_of(&means, means.rows - 1, "sparsity"));
  ck_assert_double_eq_tol(mean, sum / 2, 1e-5);
  ck_assert(mean != atof(cell_of(&runs, runs.rows - 1, "sparsity"))); /* they differ */
  table_free(&runs);
  table_free(&means);
}
END_TEST

START_TEST(one_seed_is_warned_of) {
  ENDS(0, "warning: some rows are one seed", NULL, "sweep", "two.ini", "-o", "out", "run.seed=3");
}
END_TEST

/* What a run would be without the others: every way of retraining, whole filters, moving
 * averages. */
START_TEST(sharing_the_training_changes_no_bit) {
  static const char *const retrain[] = {"finetune", "lr-rewind", "weight-rewind", "reinit"};
  static const char *const more[][2] = {{"prune.structure=weight", "train.average=0"},
                                        {"prune.structure=filter", "train.average=0.9"}};
  text_write("ways.ini", PRUNED
             "[prune]\nrewind_epoch = 1\n[sweep]\n"
             "prune.retrain = finetune lr-rewind weight-rewind reinit\n"
             "prune.method = magnitude saliency\n");
  text_write("plain.ini", PRUNED "[prune]\nrewind_epoch = 1\n");
  const char *const *m = more[_i];
  ESPALIER("sweep", "ways.ini", "-o", "out", m[0], m[1]);
  ck_assert(exists("out/dense/dense.safetensors"));
  for (int i = 0; i < 8; i++) {
    char name[160], way[64], method[64];
    snprintf(way, sizeof way, "prune.retrain=%s", retrain[i / 2]);
    snprintf(method, sizeof method, "prune.method=%s", i % 2 ? "saliency" : "magnitude");
    snprintf(name, sizeof name, "out/%s,%s", way, method);
    ESPALIER("run", "plain.ini", "-o", "alone", way, method, m[0], m[1]);
    ck_assert_str_eq(hash_of_run(name), hash_of_run("alone"));
    ck_assert(same_reports(name, "alone"));
    remove_tree("alone");
  }
}
END_TEST

/* Methods that prune while they train have no dense training to share; other seeds and rates share
 * none. */
/* What of [prune] acts in the training itself makes it another one. */
START_TEST(a_training_that_prune_takes_part_in_is_not_shared) {
  static const char *const parts[] = {"prune.regulariser=l1", "prune.method=movement",
                                      "prune.early_bird=2"};
  static const char *const swept[] = {"prune.regulariser = none l1",
                                      "prune.method = random movement", "prune.early_bird = 0 2"};
  char text[2048], name[128];
  snprintf(text, sizeof text,
           PRUNED "[prune]\nstrength = 0.01\n[sweep]\nprune.sparsity = 0.5 0.9\n%s\n", swept[_i]);
  text_write("parts.ini", text);
  text_write("alone.ini", PRUNED "[prune]\nstrength = 0.01\n");
  ESPALIER("sweep", "parts.ini", "-o", "out");
  ck_assert_int_eq(count_files("out", ""), 1 + 4 + 4);
  snprintf(name, sizeof name, "out/prune.sparsity=0.9,%s", parts[_i]);
  ESPALIER("run", "alone.ini", "-o", "alone", parts[_i], "prune.sparsity=0.9");
  ck_assert_str_eq(hash_of_run(name), hash_of_run("alone"));
  ENDS(2, NULL, "run.dense: in this configuration [prune] takes part in the training", "run",
       "alone.ini", "-o", "again", parts[_i], "run.dense=out/dense");
}
END_TEST

START_TEST(only_the_same_training_is_shared) {
  text_write("mixed.ini", PRUNED "[sweep]\nprune.method = rigl magnitude\ntrain.lr = 0.1 0.05\n");
  ESPALIER("sweep", "mixed.ini", "-o", "out");
  ck_assert_int_eq(count_files("out", ""), 4 + 4);
  ENDS(0, "dense,train.lr=0.1 ", NULL, "sweep", "mixed.ini", "--dry-run", "-o", "new",
       "prune.method=random magnitude");
}
END_TEST

START_TEST(lists_side_by_side_and_values_in_quotes) {
  text_write("zip.ini", PRUNED
             "[sweep]\nmode = zip\ndata.augment = \"crop flip\" \"\"\n  flip\n"
             "prune.sparsity = 0.5 0.6 0.7\n"
             "prune.skip = \"conv1 linear*\"\n");
  ESPALIER("sweep", "zip.ini", "-o", "out");
  table t = table_read("out/summary.csv");
  ck_assert_str_eq(cell_of(&t, 1, "data.augment"), "crop flip");
  ck_assert_str_eq(cell_of(&t, 4, "data.augment"), "");
  ck_assert_str_eq(cell_of(&t, 7, "prune.sparsity"), "0.7");
  ck_assert_str_eq(cell_of(&t, 7, "prune.skip"), "conv1 linear*");
  table_free(&t);
  ESPALIER("sweep", "out"); /* what it wrote back of itself is the same sweep */
  ck_assert_int_eq(count_files("out", ""), 3 + 4);
}
END_TEST

/* Of equal combinations at several places of the lists the seeds are one sample. */
START_TEST(seeds_side_by_side) {
  text_write("zip.ini", PRUNED
             "[sweep]\nmode = zip\nprune.method = magnitude random magnitude random\n"
             "run.seed = 1 1 2 2\n");
  ESPALIER("sweep", "zip.ini", "-o", "out");
  table t = table_read("out/summary.csv");
  ck_assert_int_eq(t.rows, 1 + 2 * 3);
  for (int r = 1; r < t.rows; r++) ck_assert_str_eq(cell_of(&t, r, "runs"), "2");
  table_free(&t);
}
END_TEST

START_TEST(spaces_in_a_key_mean_nothing) {
  text_write("spaces.ini", PRUNED "[sweep]\nrun. seed = 1 2\nprune . sparsity = 0.5\n");
  ESPALIER("sweep", "spaces.ini", "-o", "out");
  hash_of_run("out/run.seed=2,prune.sparsity=0.5");
  table t = table_read("out/summary.csv");
  ck_assert_str_eq(cell_of(&t, 1, "runs"), "2");
  table_free(&t);
}
END_TEST

START_TEST(some_of_a_grid) {
  text_write("random.ini", PRUNED
             "[sweep]\nmode = random\ncount = 5\nseed = 3\nrun.seed = 1 2 3 4 5 6 7 8 9\n"
             "prune.sparsity = 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8\n");
  process a = espalier(&(process_options){0},
                       (const char *const[]){"sweep", "random.ini", "--dry-run", NULL});
  process b = espalier(&(process_options){0},
                       (const char *const[]){"sweep", "random.ini", "--dry-run", NULL});
  ck_assert_ptr_nonnull(strstr(a.out, "\n5 runs"));
  const size_t list = (size_t)(strstr(a.out, "\n\n") - a.out);
  ck_assert(strncmp(a.out, b.out, list) == 0);
  process_free(&a);
  process_free(&b);
}
END_TEST

START_TEST(two_at_a_time_end_with_the_same_bits) {
  ESPALIER("sweep", "two.ini", "-o", "one");
  ESPALIER("sweep", "two.ini", "-o", "two", "--jobs", "3");
  check_same_runs("two", "one");
}
END_TEST

/* ---- interrupted ones ---- */

static void kill_at(const char *file, int signal_number) {
  const process_options options = {.signal = signal_number, .begun = file};
  process p = espalier(&options, (const char *const[]){"sweep", "two.ini", "-o", "killed", "--jobs",
                                                       "2", "data.train=512", "train.epochs=6",
                                                       "run.checkpoint_minutes=0.0003", NULL});
  ck_assert_msg(p.signal == signal_number || p.status == 130,
                "not stopped: status %d, signal %d: %s", p.status, p.signal, p.err);
  process_free(&p);
}

/* Killed while the shared training goes on, and between rounds; the processes of its runs go down
 * with it. */
START_TEST(killed_twice_and_gone_on) {
  ESPALIER("sweep", "two.ini", "-o", "whole", "data.train=512", "train.epochs=6");
  kill_at("killed/dense,run.seed=1/checkpoint.safetensors", _i ? SIGTERM : SIGKILL);
  kill_at("killed/prune.sparsity=0.5,run.seed=1/round-01.safetensors", SIGKILL);
  ESPALIER("sweep", "two.ini", "-o", "killed", "data.train=512", "train.epochs=6");
  check_same_runs("killed", "whole");
  ck_assert_int_eq(count_files("killed", ""), count_files("whole", ""));
}
END_TEST

static struct timespec written(const char *path) {
  struct stat info;
  ck_assert_int_eq(stat(path, &info), 0);
  return info.st_mtim;
}

START_TEST(what_is_finished_is_not_done_again) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  const struct timespec before = written("out/prune.sparsity=0.5,run.seed=1/result.json");
  remove_tree("out/prune.sparsity=0.9,run.seed=2");
  ESPALIER("sweep", "two.ini", "-o", "out");
  const struct timespec after = written("out/prune.sparsity=0.5,run.seed=1/result.json");
  ck_assert(before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec);
  hash_of_run("out/prune.sparsity=0.9,run.seed=2");
}
END_TEST

/* A result that cannot be read is no result: the run goes on from its checkpoint, and no row of the
 * tables is missing. */
START_TEST(results_that_cannot_be_read_are_made_again) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  char *before = bytes_read("out/summary.csv", NULL);
  text_write("out/prune.sparsity=0.5,run.seed=1/result.json", "{");
  text_write("out/prune.sparsity=0.5,run.seed=2/result.json", "");
  ESPALIER("sweep", "two.ini", "-o", "out");
  char *after = bytes_read("out/summary.csv", NULL);
  ck_assert_str_eq(before, after);
  free(before);
  free(after);
}
END_TEST

/* A directory that was made just before a kill, with nothing in it yet. */
START_TEST(half_written_runs_are_begun_again) {
  ESPALIER("sweep", "two.ini", "-o", "whole");
  ck_assert_int_eq(mkdir("out", 0777), 0);
  char *text = bytes_read("whole/sweep.ini", NULL);
  text_write("out/sweep.ini", text);
  free(text);
  for (int i = 0; i < 2; i++) ck_assert_int_eq(mkdir(inside("out", four[i]), 0777), 0);
  text_write("out/prune.sparsity=0.5,run.seed=2/config.ini.espalier.tmp", "[run");
  ESPALIER("sweep", "two.ini", "-o", "out");
  check_same_runs("out", "whole");
}
END_TEST

START_TEST(shares_make_the_whole) {
  ESPALIER("sweep", "two.ini", "-o", "whole");
  int runs = 0;
  for (int i = 1; i <= 3; i++) {
    char shard[16];
    snprintf(shard, sizeof shard, "%d/3", i);
    ESPALIER("sweep", "two.ini", "-o", "out", "--shard", shard);
    int finished = 0;
    for (int k = 0; k < 4; k++) {
      char path[256];
      snprintf(path, sizeof path, "out/%s/result.json", four[k]);
      finished += exists(path);
    }
    ck_assert_int_gt(finished, runs);
    runs = finished;
  }
  check_same_runs("out", "whole");
  table a = table_read("out/summary.csv"), b = table_read("whole/summary.csv");
  ck_assert_int_eq(a.rows, b.rows);
  table_free(&a);
  table_free(&b);
}
END_TEST

/* A run that rewinds to weights which the training, finished before, has not kept trains for
 * itself. */
START_TEST(a_way_that_needs_more_than_was_kept) {
  text_write("ways.ini",
             PRUNED "[prune]\nrewind_epoch = 1\n[sweep]\nprune.retrain = finetune lr-rewind\n");
  text_write("plain.ini", PRUNED "[prune]\nrewind_epoch = 1\nretrain = weight-rewind\n");
  ESPALIER("sweep", "ways.ini", "-o", "out");
  ESPALIER("sweep", "ways.ini", "-o", "out", "prune.retrain=finetune lr-rewind weight-rewind");
  ESPALIER("run", "plain.ini", "-o", "alone");
  ck_assert_str_eq(hash_of_run("out/prune.retrain=weight-rewind"), hash_of_run("alone"));
  ESPALIER("sweep", "out");
}
END_TEST

/* ---- several at once ---- */

/* A process that runs `espalier ARGUMENT...` and exits with its status. */
static pid_t start(const char *const *argument) {
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child > 0) return child;
  process p = espalier(&(process_options){0}, argument);
  if (p.status != 0) fputs(p.err, stderr);
  _exit(p.status);
}

/* As an array of jobs begins: none finds a directory half made, and each run is done by one of
 * them. */
START_TEST(shares_that_begin_together) {
  static const char *const shard[] = {"1/4", "2/4", "3/4", "4/4"};
  ESPALIER("sweep", "two.ini", "-o", "whole");
  for (int again = 0; again < 5; again++) {
    pid_t child[4];
    for (int k = 0; k < 4; k++)
      child[k] =
          start((const char *const[]){"sweep", "two.ini", "-o", "out", "--shard", shard[k], NULL});
    for (int k = 0; k < 4; k++) {
      int status;
      ck_assert_int_eq(waitpid(child[k], &status, 0), child[k]);
      ck_assert_int_eq(status, 0);
    }
    check_same_runs("out", "whole");
    for (int k = 0; k < 4; k++)
      ck_assert_int_eq(times(inside_run(four[k], "output.txt"), "results in out"), 1);
    remove_tree("out");
  }
}
END_TEST

/* Whoever is second says so and touches nothing, and a sweep waits for the other's end. */
START_TEST(one_process_at_a_run) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  text_write("plain.ini", PRUNED);
  const char *run = inside("out", four[0]), *report = inside_run(four[0], "result.json");
  remove(report);
  const int lock = open(inside_run(four[0], "lock"), O_RDWR);
  ck_assert_int_ge(lock, 0);
  ck_assert_int_eq(flock(lock, LOCK_EX), 0);
  ENDS(75, NULL, "another process is at work in it", "resume", run);
  ENDS(75, NULL, "another process is at work in it", "run", "plain.ini", "-o", run);
  ck_assert(!exists(report));
  const pid_t sweep = start((const char *const[]){"sweep", "out", NULL});
  usleep(300000);
  int status;
  ck_assert_int_eq(waitpid(sweep, &status, WNOHANG), 0);
  ck_assert(!exists(report));
  ck_assert_int_eq(flock(lock, LOCK_UN), 0); /* the other process has the file open too */
  close(lock);
  ck_assert_int_eq(waitpid(sweep, &status, 0), sweep);
  ck_assert_int_eq(status, 0);
  ck_assert(exists(report));
}
END_TEST

/* ---- runs that fail ---- */

#define UNSTABLE                                                                                  \
  "[run]\nthreads = 1\n[data]\ndataset = shapes\ntrain = 512\ntest = 48\n[train]\nepochs = 4\n"   \
  "loss = mse\nmomentum = 0.9\n[model]\narch = custom\nlayers =\n  conv 8 3x3 stride 4\n  relu\n" \
  "  conv 8 3x3\n  relu\n"                                                                        \
  "  flatten\n  linear classes\n[sweep]\n"

START_TEST(a_run_that_fails_stops_no_other) {
  text_write("unstable.ini", UNSTABLE "train.lr = 0.01 1000 0.02\n");
  ENDS(1, "failed    train.lr=1000: the loss is no longer a finite number", "1 of 3 runs failed",
       "sweep", "unstable.ini", "-o", "out");
  hash_of_run("out/train.lr=0.01");
  hash_of_run("out/train.lr=0.02");
  ENDS(1, NULL, "1 of 3 runs failed", "sweep", "out"); /* it is tried again */
}
END_TEST

START_TEST(runs_fail_with_the_training_they_share) {
  text_write("unstable.ini", UNSTABLE "train.lr = 0.01 1000\nprune.method = magnitude random\n");
  ENDS(1, "failed    train.lr=1000,prune.method=random: the training that it shares has failed",
       "3 of 6 runs failed", "sweep", "unstable.ini", "-o", "out");
  hash_of_run("out/train.lr=0.01,prune.method=random");
}
END_TEST

static void add_tests(TCase *t) {
  tcase_add_test(t, a_grid);
  tcase_add_test(t, the_summary_says_mean_and_deviation);
  tcase_add_test(t, sparsities_of_seeds_are_averaged);
  tcase_add_test(t, one_seed_is_warned_of);
  tcase_add_loop_test(t, sharing_the_training_changes_no_bit, 0, 2);
  tcase_add_loop_test(t, a_training_that_prune_takes_part_in_is_not_shared, 0, 3);
  tcase_add_test(t, only_the_same_training_is_shared);
  tcase_add_test(t, lists_side_by_side_and_values_in_quotes);
  tcase_add_test(t, some_of_a_grid);
  tcase_add_test(t, seeds_side_by_side);
  tcase_add_test(t, spaces_in_a_key_mean_nothing);
  tcase_add_test(t, a_way_that_needs_more_than_was_kept);
  tcase_add_test(t, shares_that_begin_together);
  tcase_add_test(t, one_process_at_a_run);
  tcase_add_test(t, two_at_a_time_end_with_the_same_bits);
  tcase_add_loop_test(t, killed_twice_and_gone_on, 0, 2);
  tcase_add_test(t, what_is_finished_is_not_done_again);
  tcase_add_test(t, results_that_cannot_be_read_are_made_again);
  tcase_add_test(t, half_written_runs_are_begun_again);
  tcase_add_test(t, shares_make_the_whole);
  tcase_add_test(t, a_run_that_fails_stops_no_other);
  tcase_add_test(t, runs_fail_with_the_training_they_share);
}

static Suite *suite(void) {
  Suite *s = suite_create("sweep");
  TCase *t = tcase_create("sweep");
  tcase_set_timeout(t, 600);
  tcase_add_checked_fixture(t, setup, NULL);
  add_tests(t);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
