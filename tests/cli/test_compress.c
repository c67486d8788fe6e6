/* The steps of [compress] as stages of a run, and the command compress: the same network either
 * way, with zeros where there were zeros. */
#include "nets.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRUNED "prune.method=magnitude", "prune.sparsity=0.7"
#define STEPS "compress.steps=share round", "compress.epochs=1 0", "compress.share_bits=2"

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

/* Different values of a tensor that are not 0; fails where it is not 0 outside the mask. */
static int distinct_values(const tensor *w, const tensor *mask) {
  float seen[512];
  int count = 0;
  for (size_t i = 0; i < w->count; i++) {
    const float v = value_at(w, i);
    int k = 0;
    if (mask && !kept_at(mask, i)) ck_assert(v == 0.0f);
    while (k < count && seen[k] != v) k++;
    if (v != 0.0f && k == count && count < 512) seen[count++] = v;
  }
  return count;
}

/* Every layer of the newest checkpoint has at most `most` values where its mask is, and none
 * elsewhere. */
static void has_few_values(const char *path, int most) {
  static const char *const layers[] = {"conv1.weight", "conv2.weight", "linear1.weight"};
  tensors t = tensors_read(path);
  for (int i = 0; i < 3; i++) {
    const int count =
        distinct_values(tensor_of(&t, "", layers[i]), tensor_of(&t, "mask.", layers[i]));
    ck_assert_msg(count > 1 && count <= most, "%s: %d values", layers[i], count);
  }
  tensors_free(&t);
}

static void has_rows(const char *dir) {
  char path[64];
  snprintf(path, sizeof path, "%s/rounds.csv", dir);
  table t = table_read(path);
  ck_assert_int_eq(t.rows, 4);
  ck_assert_str_eq(cell_of(&t, 1, "step"), "prune");
  ck_assert_str_eq(cell_of(&t, 2, "step"), "share");
  ck_assert_str_eq(cell_of(&t, 3, "step"), "round");
  for (int row = 2; row < 4; row++) {
    ck_assert(*cell_of(&t, row, "test_accuracy_before") && *cell_of(&t, row, "test_accuracy"));
    ck_assert_str_eq(cell_of(&t, row, "sparsity"), cell_of(&t, 1, "sparsity"));
  }
  table_free(&t);
}

/* A run with [compress], and a run that is compressed when it is finished, end with the same bits
 * and the same tables. */
START_TEST(in_the_run_or_behind_it) {
  ESPALIER("run", "plain.ini", "-o", "at-once", PRUNED, STEPS);
  ESPALIER("run", "plain.ini", "-o", "pruned", PRUNED);
  ESPALIER("compress", "pruned", "-o", "behind", STEPS);
  ck_assert_str_eq(hash_of_run("at-once"), hash_of_run("behind"));
  ck_assert(same_reports("at-once", "behind"));
  has_rows("behind");
  has_few_values("behind/checkpoint.safetensors", 4);
  ESPALIER("resume", "behind");
  ESPALIER("eval", "behind");
  ESPALIER("pack", "behind", "-o", "small.esp");
}
END_TEST

/* Networks that are not pruned, that are pruned while they train, and with moving averages. */
START_TEST(other_runs) {
  static const char *const how[][2] = {
      {"prune.method=none", "train.average=0"},
      {"prune.method=rigl", "train.average=0"},
      {"prune.method=magnitude", "train.average=0.9"},
      {"prune.method=surgery", "train.average=0.9"},
  };
  ESPALIER("run", "plain.ini", "-o", "a", how[_i][0], how[_i][1], STEPS);
  has_few_values("a/checkpoint.safetensors", 4);
}
END_TEST

/* ---- what is refused ---- */

/* It says so in one line, with status 2, and leaves no directory. */
static void refused(const char *expected, const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  const char *newline = strchr(p.err, '\n');
  ck_assert_msg(p.status == 2, "status %d, expected '%s': %s", p.status, expected, p.err);
  ck_assert_msg(newline && !newline[1] && strstr(p.err, expected), "'%s' lacks '%s'", p.err,
                expected);
  ck_assert(!exists("out"));
  process_free(&p);
}
#define REFUSED(expected, ...) \
  refused(expected, (const char *const[]){"compress", __VA_ARGS__, "-o", "out", NULL})

START_TEST(bad_calls) {
  ESPALIER("run", "plain.ini", "-o", "a", PRUNED);
  ESPALIER("compress", "a", "-o", "b", "compress.steps=round");
  REFUSED("nothing to do; expected compress.steps", "a");
  REFUSED("did you mean 'share'?", "a", "compress.steps=shares");
  REFUSED("'compress.share_bits=9'", "a", "compress.steps=share", "compress.share_bits=9");
  REFUSED("'compress.share_bits=0'", "a", "compress.steps=share", "compress.share_bits=0");
  REFUSED("share_bits = 3 without its step", "a", "compress.steps=round", "compress.share_bits=3");
  REFUSED("'share' stands there twice", "a", "compress.steps=share share");
  REFUSED("3 number(s) for 1 step(s)", "a", "compress.steps=share", "compress.epochs=1 2 3");
  REFUSED("expected other keys of [compress] alone", "a", "compress.steps=share", "train.lr=0.3");
  REFUSED("b is compressed already", "b", "compress.steps=share");
  REFUSED("not a run directory", "nowhere", "compress.steps=share");
  REFUSED("not a run directory", "a/round-01.safetensors", "compress.steps=share");
  ENDS(2, NULL, "holds a run already", "compress", "a", "-o", "b", "compress.steps=share");
}
END_TEST

/* A run that is not at its end: its checkpoint is that of an earlier stage, or there is none. */
START_TEST(unfinished_runs) {
  ESPALIER("run", "plain.ini", "-o", "a", PRUNED, "prune.rounds=2");
  ESPALIER("run", "plain.ini", "-o", "dense", "prune.method=none");
  remove("a/checkpoint.safetensors");
  REFUSED("has no checkpoint.safetensors; expected the directory of a finished run", "a",
          "compress.steps=share");
  size_t bytes;
  char *dense = bytes_read("dense/checkpoint.safetensors", &bytes);
  bytes_write("a/checkpoint.safetensors", dense, bytes);
  free(dense);
  REFUSED("was made with another configuration", "a", "compress.steps=share");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("compress command");
  TCase *t = tcase_create("compress");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, in_the_run_or_behind_it);
  tcase_add_loop_test(t, other_runs, 0, 4);
  tcase_add_test(t, bad_calls);
  tcase_add_test(t, unfinished_runs);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
