/* What a run will do is said before it does it, and nothing is made by asking. */
#include "nets.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

#define PRUNED "prune.method=magnitude", "prune.rounds=2"

/* 1200 weights, 10 biases and two numbers for each of 20 channels; 8x8 pixels behind conv1 and
 * conv2. 2 epochs of 3 steps, then 2 rounds of one. */
#define NETWORK "network  custom: 1250 parameters in 3 layers, 0.06924 million multiply-adds"
#define DATA "data     shapes: 96 images to train, 0 to validate, 48 to test; 10 classes, 3x32x32\n"
#define STEPS "steps    12: 2 epochs of 3, then 2 rounds of 1 epoch\n"

START_TEST(dry_run) {
  static const char *const expected[] = {NETWORK,
                                         DATA,
                                         STEPS,
                                         "pruning  magnitude, structure weight",
                                         "time  ",
                                         "measured on 1 step of the dense network; ",
                                         "results  would be in out; nothing was made\n"};
  process p = espalier(&(process_options){0}, (const char *[]){"run", "plain.ini", "--dry-run",
                                                               "-o", "out", PRUNED, NULL});
  ck_assert_msg(p.status == 0 && !*p.err, "status %d: %s", p.status, p.err);
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
    ck_assert_msg(strstr(p.out, expected[i]), "'%s' lacks '%s'", p.out, expected[i]);
  process_free(&p);
  ck_assert_int_eq(count_files(".", ""), 1);
}
END_TEST

/* Masks that are there from the first step on are in what was measured. */
START_TEST(dry_run_of_a_sparse_training) {
  ENDS(0, "measured on 1 step of a network 80.00 % sparse; evaluation comes on top\n", NULL, "run",
       "plain.ini", "--dry-run", "prune.method=static", "prune.sparsity=0.8");
}
END_TEST

/* Steps of [compress] are no rounds of pruning, and train on for as long as each says. */
START_TEST(steps_behind_the_rounds) {
  ENDS(
      0,
      "steps    21: 2 epochs of 3, then 2 rounds of 1 epoch, then share and 3 epochs, then round\n",
      NULL, "run", "plain.ini", "--dry-run", PRUNED, "compress.steps=share round",
      "compress.epochs=3 0");
  ENDS(0, "steps    9: 2 epochs of 3, then quantise and 1 epoch\n", NULL, "run", "plain.ini",
       "--dry-run", "compress.steps=quantise", "compress.epochs=1");
}
END_TEST

/* It ends as the run would. */
START_TEST(dry_run_refuses_what_a_run_refuses) {
  ENDS(2, "", "unknown architecture 'restnet20'", "run", "plain.ini", "--dry-run",
       "model.arch=restnet20");
  ENDS(2, "", "data.train: 1000000000 images asked for", "run", "plain.ini", "--dry-run",
       "data.train=1000000000");
  ENDS(2, "", "no such file or run directory", "run", "plain.ini", "--dry-run",
       "model.weights=nowhere");
  ESPALIER("run", "plain.ini", "-o", "a", "train.epochs=0");
  ENDS(2, "", "a: holds a run already", "run", "plain.ini", "--dry-run", "-o", "a");
}
END_TEST

START_TEST(a_configuration_is_inspected) {
  ENDS(0, NETWORK, NULL, "inspect", "plain.ini");
  ENDS(0, "conv2                        12x8x3x3", NULL, "inspect", "plain.ini");
  ENDS(2, "", "cannot open", "inspect", "nowhere.ini");
  ck_assert_int_eq(count_files(".", ""), 1);
}
END_TEST

/* In one ranking the norms of whole channels would empty some layers first. */
START_TEST(norms_of_channels_are_ranked_by_layer) {
  static const struct {
    const char *method, *structure, *distribution, *expected;
  } cases[] = {
      {"magnitude", "channel", "auto", "channel, distribution uniform"},
      {"l2", "filter", "auto", "filter, distribution uniform"},
      {"magnitude", "filter", "global", "filter, distribution global"},
      {"taylor", "channel", "auto", "channel, distribution global"},
      {"magnitude", "weight", "auto", "weight, distribution global"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char method[64], structure[64], distribution[64];
    snprintf(method, sizeof method, "prune.method=%s", cases[i].method);
    snprintf(structure, sizeof structure, "prune.structure=%s", cases[i].structure);
    snprintf(distribution, sizeof distribution, "prune.distribution=%s", cases[i].distribution);
    ENDS(0, cases[i].expected, NULL, "run", "plain.ini", "--dry-run", method, structure,
         distribution);
  }
  ESPALIER("run", "plain.ini", "-o", "auto", PRUNED, "prune.structure=filter",
           "prune.sparsity=0.5");
  ESPALIER("run", "plain.ini", "-o", "uniform", PRUNED, "prune.structure=filter",
           "prune.sparsity=0.5", "prune.distribution=uniform");
  ck_assert_str_eq(hash_of_run("auto"), hash_of_run("uniform"));
}
END_TEST

START_TEST(a_run_begins_with_it) {
  process p = espalier(&(process_options){0},
                       (const char *[]){"run", "plain.ini", "-o", "out", PRUNED, NULL});
  ck_assert_int_eq(p.status, 0);
  ck_assert_int_eq(strncmp(p.out, NETWORK, strlen(NETWORK)), 0);
  ck_assert_ptr_nonnull(strstr(p.out, STEPS));
  process_free(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("plan");
  TCase *t = tcase_create("plan");
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, dry_run);
  tcase_add_test(t, dry_run_of_a_sparse_training);
  tcase_add_test(t, steps_behind_the_rounds);
  tcase_add_test(t, dry_run_refuses_what_a_run_refuses);
  tcase_add_test(t, a_configuration_is_inspected);
  tcase_add_test(t, norms_of_channels_are_ranked_by_layer);
  tcase_add_test(t, a_run_begins_with_it);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
