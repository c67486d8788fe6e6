/* Lottery tickets: rewinding to a step, masks of other runs, what masks have in common,
 * instability. */
#include "nets.h"
#include "rig.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS); /* 2 epochs of 3 steps */
  text_write("rich.ini", CONFIG_BEGIN RICH_LAYERS);
}

#define MAGNITUDE "prune.method=magnitude", "prune.rounds=1"
#define REWIND MAGNITUDE, "prune.retrain=weight-rewind"

static void fails(const char *expected, const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_msg(p.status == 2 && strstr(p.err, expected), "status %d, '%s', expected '%s'",
                p.status, p.err, expected);
  process_free(&p);
}
#define FAILS(expected, ...) fails(expected, (const char *const[]){__VA_ARGS__, NULL})

/* Tensors with that prefix are in both files, and the same. Returns how many. */
static int same_tensors(const char *path, const char *other, const char *prefix) {
  tensors a = tensors_read(path), b = tensors_read(other);
  int count = 0;
  for (int i = 0; i < a.count; i++) {
    const tensor *x = &a.item[i], *y = tensor_of(&b, "", x->name);
    if (strncmp(x->name, prefix, strlen(prefix)) != 0) continue;
    ck_assert_msg(y && y->count == x->count, "%s: no %s", other, x->name);
    ck_assert_msg(memcmp(x->data, y->data, x->count * (x->bytes ? 1 : 4)) == 0, "%s differs",
                  x->name);
    count++;
  }
  tensors_free(&a);
  tensors_free(&b);
  return count;
}

/* ---- rewinding to a step ---- */

/* Three steps are an epoch. */
START_TEST(a_step_at_the_end_of_an_epoch) {
  ESPALIER("run", "rich.ini", "-o", "steps", REWIND, "prune.rewind_step=3", "train.average=0.9");
  ESPALIER("run", "rich.ini", "-o", "epochs", REWIND, "prune.rewind_epoch=1", "train.average=0.9");
  ck_assert_str_eq(hash_of_run("steps"), hash_of_run("epochs"));
  /* a packed file holds the configuration too, and that is another */
  ck_assert(same_reports_apart("steps", "epochs", "bytes"));
}
END_TEST

/* In the middle of an epoch: the weights are those of that step, and the rest of the epoch follows
 * at its own learning rates. Here the rate is 0 from epoch 1.5 on: behind step 5 nothing moves,
 * behind step 4 one step does. */
START_TEST(a_step_within_an_epoch) {
  static const char *const still[] = {"prune.rewind_step=5", "prune.rewind_step=4"};
#define STOPS \
  "train.schedule=multi-step", "train.milestones=1.5", "train.gamma=0", "train.warmup_epochs=0"
  for (int i = 0; i < 2; i++) {
    ESPALIER("run", "plain.ini", "-o", "a", REWIND, STOPS, still[i], "run.keep_steps=4 5");
    ck_assert(
        same_bytes("a/rewind.safetensors", i ? "a/step-4.safetensors" : "a/step-5.safetensors"));
    tensors from = tensors_read("a/rewind.safetensors"),
            to = tensors_read("a/round-01.safetensors");
    const tensor *x = tensor_of(&from, "", "conv1.weight"), *y = tensor_of(&to, "", "conv1.weight");
    size_t moved = 0, kept = 0;
    for (size_t k = 0; k < x->count; k++) {
      kept += value_at(y, k) != 0.0f;
      moved += value_at(y, k) != 0.0f && value_at(y, k) != value_at(x, k);
    }
    ck_assert_uint_gt(kept, 0);
    ck_assert(i ? moved > 0 : moved == 0);
    tensors_free(&from);
    tensors_free(&to);
    remove_tree("a");
  }
}
END_TEST

START_TEST(shared_trainings_keep_the_step) {
  text_write("ways.ini", CONFIG_BEGIN PLAIN_LAYERS
             "[prune]\nmethod = magnitude\nrewind_step = 4\n[sweep]\n"
             "prune.retrain = finetune weight-rewind\n");
  ESPALIER("sweep", "ways.ini", "-o", "out");
  ck_assert(exists("out/dense/step-4.safetensors"));
  ESPALIER("run", "plain.ini", "-o", "alone", REWIND, "prune.rewind_step=4");
  ck_assert_str_eq(hash_of_run("out/prune.retrain=weight-rewind"), hash_of_run("alone"));
  ck_assert(same_reports("out/prune.retrain=weight-rewind", "alone"));
}
END_TEST

START_TEST(wrong_moments) {
  FAILS("rewind_step = 7: expected at most the 6 steps", "run", "plain.ini", "-o", "a", REWIND,
        "prune.rewind_step=7");
  FAILS("rewind_epoch = 1 and rewind_step = 3: expected only one", "run", "plain.ini", "-o", "a",
        REWIND, "prune.rewind_step=3", "prune.rewind_epoch=1");
  FAILS("order_step = 6: expected less than the 6 steps", "run", "plain.ini", "-o", "a",
        "run.order=1", "run.order_step=6");
  ESPALIER("run", "plain.ini", "-o", "dense");
  FAILS("/dense/step-4.safetensors; expected its number among the run.keep_steps", "run",
        "plain.ini", "-o", "a", REWIND, "prune.rewind_step=4", "run.dense=dense");
  ck_assert(!exists("a"));
}
END_TEST

/* ---- masks of other runs ---- */

/* Own weights, the other's masks, to the end; by structure, from the run and from its weights
 * alone. */
START_TEST(masks_come_over) {
  static const char *const structures[] = {"prune.structure=weight", "prune.structure=filter",
                                           "prune.structure=channel", "prune.structure=n:m"};
  const char *s = structures[_i];
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE, s, "prune.sparsity=0.5", "prune.n=2",
           "prune.m=4");
#define TAKES "run.seed=2", s, "prune.n=2", "prune.m=4", "train.average=0.9"
  ESPALIER("run", "plain.ini", "-o", "b", TAKES, "prune.mask_from=a");
  ESPALIER("run", "plain.ini", "-o", "c", TAKES, "prune.mask_from=a/round-01.safetensors");
  const int masks = same_tensors("a/checkpoint.safetensors", "b/checkpoint.safetensors", "mask.");
  ck_assert_int_ge(masks, 2);
  ck_assert_int_eq(same_tensors("b/checkpoint.safetensors", "c/checkpoint.safetensors", "mask."),
                   masks);
  ck_assert_str_eq(hash_of_run("b"), hash_of_run("c"));
  ESPALIER("run", "plain.ini", "-o", "begun", TAKES, "prune.mask_from=a", "train.epochs=0");
  ESPALIER("run", "plain.ini", "-o", "dense", "run.seed=2", "train.epochs=0", "train.average=0.9");
  tensors begun = tensors_read("begun/checkpoint.safetensors"),
          dense = tensors_read("dense/dense.safetensors");
  const tensor *mask = tensor_of(&begun, "mask.", "conv2.weight"),
               *w = tensor_of(&begun, "", "conv2.weight");
  for (size_t i = 0; i < w->count; i++)
    ck_assert(value_at(w, i) ==
              (kept_at(mask, i) ? value_at(tensor_of(&dense, "", "conv2.weight"), i) : 0.0f));
  tensors_free(&begun);
  tensors_free(&dense);
}
END_TEST

/* Put on where another run rewinds to, with its seed, the masks find what that run starts its
 * retraining from; at the very end of the training that is its result. */
START_TEST(masks_on_later_weights) {
  ESPALIER("run", "rich.ini", "-o", "a", REWIND, "prune.rewind_step=6");
  ESPALIER("run", "rich.ini", "-o", "b", "prune.mask_from=a", "prune.rewind_step=6");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
  ESPALIER("run", "rich.ini", "-o", "steps", "prune.mask_from=a", "prune.rewind_step=3",
           "run.keep_steps=3");
  ESPALIER("run", "rich.ini", "-o", "epochs", "prune.mask_from=a", "prune.rewind_epoch=1");
  ck_assert_str_eq(hash_of_run("steps"), hash_of_run("epochs"));
  ESPALIER("run", "rich.ini", "-o", "dense", "run.keep_steps=3");
  ck_assert_int_gt(same_tensors("steps/step-3.safetensors", "dense/step-3.safetensors", ""), 0);
}
END_TEST

/* Killed again and again, also where masks are put on in the middle of an epoch. */
START_TEST(killed_with_masks) {
#define LONGER \
  "data.train=1500", "train.epochs=3", "run.checkpoint_minutes=0", "prune.rewind_step=70"
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE);
  ESPALIER("run", "plain.ini", "-o", "whole", LONGER, "prune.mask_from=a");
  for (int i = 0; i < 12; i++) {
    const process_options stop = {
        .signal = SIGKILL, .begun = "killed/checkpoint.safetensors", .after = 0.01 * (i + 1)};
    process p = exists("killed/config.ini")
                    ? espalier(&stop, (const char *[]){"resume", "killed", NULL})
                    : espalier(&stop, (const char *[]){"run", "plain.ini", "-o", "killed", LONGER,
                                                       "prune.mask_from=a", NULL});
    ck_assert_msg(p.signal == SIGKILL || p.status == 0, "%s", p.err);
    process_free(&p);
  }
  ESPALIER("resume", "killed");
  ck_assert_str_eq(hash_of_run("killed"), hash_of_run("whole"));
  ck_assert(same_reports("killed", "whole"));
}
END_TEST

START_TEST(masks_that_do_not_fit) {
  ESPALIER("run", "plain.ini", "-o", "dense", "train.epochs=0");
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE);
  ESPALIER("run", "plain.ini", "-o", "f", MAGNITUDE, "prune.structure=filter",
           "prune.sparsity=0.5");
#define FROM(dir) "run", "plain.ini", "-o", "b", "prune.mask_from=" dir
  FAILS("plain.ini: nowhere: no such file", FROM("nowhere"));
  FAILS("nothing is pruned there", FROM("dense"));
  FAILS("mask_from with method = magnitude: expected method = none", FROM("a"),
        "prune.method=magnitude");
  FAILS("'linear1.weight' is pruned there and not covered here", FROM("a"), "prune.skip=linear1");
  FAILS("is pruned there and not covered here", FROM("f"), "prune.structure=weight");
  FAILS("is not one of whole units here", FROM("a/round-01.safetensors"), "prune.structure=block",
        "prune.block_outputs=2", "prune.block_inputs=1");
  FAILS("'mask.conv1.weight' has another shape", FROM("a"), "model.width=2");
  FAILS("belongs to another network", "run", "rich.ini", "-o", "b", "prune.mask_from=a");
  FAILS("regulariser 'l1' acts before", FROM("a"), "prune.regulariser=l1");
  ck_assert(!exists("b"));
}
END_TEST

/* ---- overlap ---- */

START_TEST(overlap_of_runs) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE, "prune.distribution=uniform",
           "prune.sparsity=0.5");
  ESPALIER("run", "plain.ini", "-o", "b", "prune.mask_from=a", "run.seed=2");
  ESPALIER("run", "plain.ini", "-o", "c", "prune.method=random", "prune.distribution=uniform",
           "prune.sparsity=0.75");
  ESPALIER("overlap", "a", "b", "c", "--csv", "o.csv");
  table t = table_read("o.csv");
  ck_assert_int_eq(t.rows, 1 + 3 * 4);
  ck_assert_str_eq(cell_of(&t, 4, "layer"), "all");
  ck_assert_double_eq(atof(cell_of(&t, 4, "jaccard")), 1.0); /* a and b */
  ck_assert_double_eq(atof(cell_of(&t, 4, "common")), 600);
  ck_assert_double_eq(atof(cell_of(&t, 4, "common_by_chance")), 300);
  ck_assert_double_eq(atof(cell_of(&t, 8, "common_by_chance")), 150); /* a and c */
  ck_assert_double_lt(fabs(atof(cell_of(&t, 8, "deviations"))), 6);
  table_free(&t);
  ESPALIER("run", "rich.ini", "-o", "rich", MAGNITUDE);
  FAILS("rich: another network than that of a", "overlap", "a", "rich");
  FAILS("expected two or more runs", "overlap", "a");
}
END_TEST

/* ---- instability ---- */

/* The copies are the runs that they would be alone; the line ends in their results; another call
 * changes nothing. */
START_TEST(instability_of_a_training) {
  ESPALIER("run", "rich.ini", "-o", "a", "run.order=1", "run.order_step=4");
  ESPALIER("run", "rich.ini", "-o", "b", "run.order=2", "run.order_step=4", "run.keep_steps=4");
  ESPALIER("run", "rich.ini", "-o", "plain", "run.keep_steps=4");
  ck_assert_int_gt(same_tensors("b/step-4.safetensors", "plain/step-4.safetensors", ""), 0);
  ck_assert_str_ne(hash_of_run("a"), hash_of_run("b"));
  process p = espalier(
      &(process_options){0},
      (const char *[]){"instability", "rich.ini", "--from", "4", "--points", "3", "-o", "i", NULL});
  ck_assert_msg(p.status == 0 && strstr(p.out, "error barrier"), "status %d: %s", p.status, p.err);
  process_free(&p);
  ck_assert_str_eq(hash_of_run("i/one"), hash_of_run("a"));
  ck_assert_str_eq(hash_of_run("i/two"), hash_of_run("b"));
  ck_assert(same_reports("i/two", "b"));
  table t = table_read("i/instability.csv");
  ck_assert_int_eq(t.rows, 3);
  ck_assert_str_eq(cell_of(&t, 1, "statistics"), "weighted");
  static const char *const ends[] = {"error_one", "error_two"}, *const runs[] = {"i/one", "i/two"};
  for (int i = 0; i < 2; i++) {
    cJSON *result = result_read(runs[i]);
    const double accuracy = number_of(cJSON_GetObjectItem(result, "dense"), "test_accuracy");
    ck_assert_double_eq_tol(1.0 - atof(cell_of(&t, 1, ends[i])), accuracy, 1e-8);
    cJSON_Delete(result);
  }
  ck_assert_double_gt(atof(cell_of(&t, 1, "distance")), 0);
  table_free(&t);
  ESPALIER("instability", "rich.ini", "--from", "4", "--points", "3", "-o", "again");
  ck_assert(same_bytes("i/line.csv", "again/line.csv"));
  FAILS("made with another configuration", "instability", "rich.ini", "--from", "3", "-o", "i");
}
END_TEST

/* Masks hold in both copies, which part where the masks are put on; without batch norms there is
 * one way to measure. */
START_TEST(instability_of_a_ticket) {
  ESPALIER("run", "plain.ini", "-o", "a", REWIND, "prune.rewind_step=3");
  ESPALIER("instability", "plain.ini", "--from", "1ep", "--points", "2", "-o", "i",
           "prune.mask_from=a", "prune.rewind_step=3");
  ck_assert_int_ge(
      same_tensors("a/checkpoint.safetensors", "i/one/checkpoint.safetensors", "mask."), 3);
  ck_assert_int_ge(
      same_tensors("a/checkpoint.safetensors", "i/two/checkpoint.safetensors", "mask."), 3);
  ck_assert_str_ne(hash_of_run("i/one"), hash_of_run("i/two"));
  ESPALIER("instability", "plain.ini", "--points", "2", "-o", "linear",
           "model.layers=flatten\nlinear classes");
  table t = table_read("linear/instability.csv");
  ck_assert_int_eq(t.rows, 2);
  table_free(&t);
}
END_TEST

#define SLOW                                                                                      \
  "instability", "plain.ini", "--from", "20", "--points", "5", "-o", "killed", "data.train=1500", \
      "run.checkpoint_minutes=0"

START_TEST(instability_after_kills) {
  static const char *const files[] = {"killed/one/config.ini", "killed/one/branch.safetensors",
                                      "killed/two", "killed/two/config.ini",
                                      "killed/two/dense.safetensors"};
  for (int i = 0; i < 5; i++) {
    process p = espalier(&(process_options){.signal = SIGKILL, .begun = files[i], .after = 0.02},
                         (const char *[]){SLOW, NULL});
    ck_assert_msg(p.signal == SIGKILL || p.status == 0, "%s", p.err);
    process_free(&p);
  }
  ESPALIER(SLOW);
  ESPALIER("instability", "plain.ini", "--from", "20", "--points", "5", "-o", "whole",
           "data.train=1500");
  ck_assert(same_bytes("killed/line.csv", "whole/line.csv"));
  ck_assert(same_bytes("killed/instability.csv", "whole/instability.csv"));
  ck_assert(same_reports("killed/one", "whole/one") && same_reports("killed/two", "whole/two"));
}
END_TEST

START_TEST(instability_of_what_it_cannot_be) {
  FAILS("asks for rounds of retraining", "instability", "plain.ini", "-o", "i", MAGNITUDE);
  FAILS("order_step = 6: expected less than", "instability", "plain.ini", "--from", "2ep", "-o",
        "i");
  FAILS("--from 'soon': expected a step", "instability", "plain.ini", "--from", "soon");
  FAILS("--points '1': expected", "instability", "plain.ini", "--points", "1");
  FAILS("expected a configuration", "instability");
  ck_assert(!exists("i"));
}
END_TEST

int main(void) {
  Suite *s = suite_create("lottery");
  TCase *t = tcase_create("lottery");
  rig_begin();
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, a_step_at_the_end_of_an_epoch);
  tcase_add_test(t, a_step_within_an_epoch);
  tcase_add_test(t, shared_trainings_keep_the_step);
  tcase_add_test(t, wrong_moments);
  tcase_add_loop_test(t, masks_come_over, 0, 4);
  tcase_add_test(t, masks_on_later_weights);
  tcase_add_test(t, killed_with_masks);
  tcase_add_test(t, masks_that_do_not_fit);
  tcase_add_test(t, overlap_of_runs);
  tcase_add_test(t, instability_of_a_training);
  tcase_add_test(t, instability_of_a_ticket);
  tcase_add_test(t, instability_after_kills);
  tcase_add_test(t, instability_of_what_it_cannot_be);
  suite_add_tcase(s, t);
  return rig_end(s);
}
