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

/* A training that prunes is round 1 wherever rounds are numbered, and no dense network is
 * missed. */
START_TEST(rounds_behind_a_training_that_prunes) {
  process p = espalier(
      &(process_options){0},
      (const char *[]){"run", "plain.ini", "-o", "a", "prune.method=surgery", STEPS, NULL});
  ck_assert_msg(p.status == 0, "%s", p.err);
  ck_assert_msg(strstr(p.out, "round 2/3 (share): test"), "%s", p.out);
  ck_assert_msg(strstr(p.out, "round 3/3 (round): test"), "%s", p.out);
  ck_assert_msg(!strstr(p.out, "dense.safetensors"), "%s", p.out);
  process_free(&p);
  table t = table_read("a/rounds.csv");
  ck_assert_str_eq(cell_of(&t, 2, "step"), "share");
  ck_assert_str_eq(cell_of(&t, 2, "round"), "2");
  table_free(&t);
}
END_TEST

/* ---- low rank ---- */

/* A rank that costs less for the layer that is not pruned, and more for the others. */
#define UNEVEN "prune.method=magnitude", "prune.sparsity=0.9", "prune.skip=conv2"
#define FACTORS "compress.steps=factorise share", "compress.epochs=1 0", "compress.factorise_rank=2"

/* Both have the same number of weights there, and the second none outside its mask. */
static void same_mask(const char *path, const char *other, const char *layer) {
  char weight[32];
  snprintf(weight, sizeof weight, "%s.weight", layer);
  tensors a = tensors_read(path), b = tensors_read(other);
  const tensor *was = tensor_of(&a, "mask.", weight), *is = tensor_of(&b, "mask.", weight),
               *value = tensor_of(&b, "", weight);
  ck_assert(was && is && was->count == is->count);
  for (size_t i = 0; i < is->count; i++) {
    ck_assert_msg(kept_at(was, i) == kept_at(is, i), "%s %zu", weight, i);
    if (!kept_at(is, i)) ck_assert(value_at(value, i) == 0.0f);
  }
  tensors_free(&a);
  tensors_free(&b);
}

static size_t count_of(const char *path, const char *name) {
  tensors t = tensors_read(path);
  const tensor *w = tensor_of(&t, "", name);
  const size_t count = w ? w->count : 0;
  tensors_free(&t);
  return count;
}

/* conv2 becomes conv2 and conv3; the layers that stay keep their masks, and fewer multiply-adds are
 * left. */
START_TEST(factors_in_the_run_or_behind_it) {
  static const char now[] = "behind/checkpoint.safetensors",
                    before[] = "pruned/checkpoint.safetensors";
  ESPALIER("run", "plain.ini", "-o", "at-once", UNEVEN, FACTORS);
  ESPALIER("run", "plain.ini", "-o", "pruned", UNEVEN);
  ESPALIER("compress", "pruned", "-o", "behind", FACTORS);
  ck_assert_str_eq(hash_of_run("at-once"), hash_of_run("behind"));
  ck_assert(same_reports("at-once", "behind"));
  ck_assert_uint_eq(count_of(now, "conv2.weight"), 2 * 8 * 3);
  ck_assert_uint_eq(count_of(now, "conv3.weight"), 12 * 2 * 3);
  same_mask(before, now, "conv1");
  same_mask(before, now, "linear1");
  table t = table_read("behind/rounds.csv");
  ck_assert_str_eq(cell_of(&t, 2, "step"), "factorise");
  ck_assert(atof(cell_of(&t, 2, "macs")) < atof(cell_of(&t, 1, "macs")));
  table_free(&t);
  ESPALIER("resume", "behind");
  ESPALIER("eval", "behind");
  ESPALIER("pack", "behind", "-o", "small.esp");
}
END_TEST

/* Of a network that is not pruned, and before its integers. */
START_TEST(factors_of_other_runs) {
  static const char *const how[][2] = {
      {"prune.method=none", "compress.steps=factorise"},
      {"prune.method=magnitude", "compress.steps=factorise quantise"},
  };
  ESPALIER("run", "plain.ini", "-o", "a", how[_i][0], how[_i][1], "prune.structure=filter",
           "prune.sparsity=0.3", "compress.factorise_macs=0.6", "train.average=0.9");
  ESPALIER("eval", "a");
}
END_TEST

/* ---- integers ---- */

/* The line of eval that begins with the word. */
static void line_of(const char *file, const char *isa, const char *threads, char line[128]) {
  const char *const environment[] = {isa, NULL};
  process p = espalier(&(process_options){.environment = environment},
                       (const char *[]){"eval", file, "--hash", threads, NULL});
  const char *found = strstr(p.out, "logits_sha256 ");
  ck_assert_msg(p.status == 0 && found, "%s", p.err);
  snprintf(line, 128, "%.78s", found);
  process_free(&p);
}

/* Weights are integers times the step of their output, to the bit, and 0 where they are pruned. */
static void has_integers(const char *path, double levels) {
  static const char *const layers[] = {"conv1", "conv2", "linear1"};
  tensors t = tensors_read(path);
  for (int i = 0; i < 3; i++) {
    char weight[32], step[32];
    snprintf(weight, sizeof weight, "%s.weight", layers[i]);
    snprintf(step, sizeof step, "%s.scale", layers[i]);
    const tensor *w = tensor_of(&t, "", weight), *s = tensor_of(&t, "", step),
                 *mask = tensor_of(&t, "mask.", weight);
    for (size_t k = 0; k < w->count; k++) {
      const float scale = value_at(s, k / (w->count / s->count));
      const double q = scale > 0.0f ? (double)value_at(w, k) / (double)scale : 0.0;
      const int whole = (int)(q < 0 ? q - 0.5 : q + 0.5);
      ck_assert(value_at(w, k) == (float)whole * scale && whole >= -levels && whole <= levels);
      if (!kept_at(mask, k)) ck_assert(value_at(w, k) == 0.0f);
    }
  }
  tensors_free(&t);
}

/* Quantised in the run or behind it, trained on or not: the same bits; and one hash of the logits
 * on every instruction set, with any threads, and from the packed file. */
START_TEST(integers_are_the_same_everywhere) {
  static const char *const bits[][3] = {
      {"8", "0", "straight-through"}, {"4", "1", "straight-through"}, {"2", "2", "learned"}};
  char quantise[64], epochs[64], training[64], first[128], other[128];
  snprintf(quantise, sizeof quantise, "compress.quantise_bits=%s", bits[_i][0]);
  snprintf(epochs, sizeof epochs, "compress.epochs=%s", bits[_i][1]);
  snprintf(training, sizeof training, "compress.quantise_training=%s", bits[_i][2]);
  ESPALIER("run", "plain.ini", "-o", "a", PRUNED, "compress.steps=quantise round", quantise, epochs,
           training);
  ESPALIER("run", "plain.ini", "-o", "pruned", PRUNED);
  ESPALIER("compress", "pruned", "-o", "b", "compress.steps=quantise round", quantise, epochs,
           training);
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
  ck_assert(same_reports("a", "b"));
  has_integers("b/checkpoint.safetensors", (double)((1 << (atoi(bits[_i][0]) - 1)) - 1));
  ESPALIER("pack", "b", "-o", "b.esp");
  line_of("b", "ESPALIER_ISA=scalar", "run.threads=1", first);
  line_of("b", NULL, "run.threads=3", other);
  ck_assert_str_eq(first, other);
  line_of("b.esp", NULL, "run.threads=1", other);
  ck_assert_str_eq(first, other);
}
END_TEST

/* Residuals, concats, means, depthwise layers; it can be looked at, and not shrunk. */
START_TEST(integers_of_all_layers) {
  char first[128], other[128];
  text_write("stream.ini", CONFIG_BEGIN STREAM_NET);
  ESPALIER("run", "stream.ini", "-o", "a", PRUNED, "compress.steps=quantise", "compress.epochs=1");
  line_of("a", "ESPALIER_ISA=scalar", "run.threads=1", first);
  line_of("a", NULL, "run.threads=2", other);
  ck_assert_str_eq(first, other);
  ESPALIER("inspect", "a");
  ENDS(2, NULL, "is quantised", "shrink", "a", "-o", "small.safetensors");
}
END_TEST

/* Structures whose channels are tied are known in a network of integers as well: what is gone stays
 * gone, through the step, its training, and a stop. */
static const struct {
  const char *structure, *layer;
} tied[] = {{"prune.structure=channel", "conv1"}, {"prune.structure=neuron", "linear1"}};

START_TEST(integers_of_tied_channels) {
  text_write("stream.ini", CONFIG_BEGIN STREAM_NET);
  ESPALIER("run", "stream.ini", "-o", "a", "prune.method=magnitude", "prune.sparsity=0.4",
           tied[_i].structure);
  ESPALIER("compress", "a", "-o", "b", "compress.steps=quantise round", "compress.epochs=1 1");
  table t = table_read("b/rounds.csv");
  for (int row = 2; row < 4; row++)
    ck_assert_str_eq(cell_of(&t, row, "sparsity"), cell_of(&t, 1, "sparsity"));
  table_free(&t);
  same_mask("a/checkpoint.safetensors", "b/checkpoint.safetensors", tied[_i].layer);
  ESPALIER("resume", "b");
  ESPALIER("eval", "b");
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
  REFUSED("[compress] steps: factorise: nothing says how far ranks go down", "a",
          "compress.steps=factorise");
  REFUSED("more than one says how far", "a", "compress.steps=factorise",
          "compress.factorise_rank=2", "compress.factorise_macs=0.5");
  REFUSED("parameters and macs are below 1", "a", "compress.steps=factorise",
          "compress.factorise_macs=1");
  REFUSED("factorise_rank = 2 without its step", "a", "compress.steps=round",
          "compress.factorise_rank=2");
  REFUSED("'share' stands there twice", "a", "compress.steps=share share");
  REFUSED("3 number(s) for 1 step(s)", "a", "compress.steps=share", "compress.epochs=1 2 3");
  REFUSED("quantise_bits = 3: expected 8, 4 or 2", "a", "compress.steps=quantise",
          "compress.quantise_bits=3");
  REFUSED("without such images", "a", "compress.steps=quantise",
          "compress.quantise_from=validation");
  REFUSED("'compress.quantise_images=0'", "a", "compress.steps=quantise",
          "compress.quantise_images=0");
  REFUSED("quantise_training = learned without training on", "a", "compress.steps=quantise",
          "compress.quantise_training=learned");
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
  tcase_add_test(t, rounds_behind_a_training_that_prunes);
  tcase_add_test(t, factors_in_the_run_or_behind_it);
  tcase_add_loop_test(t, factors_of_other_runs, 0, 2);
  tcase_add_loop_test(t, integers_are_the_same_everywhere, 0, 3);
  tcase_add_test(t, integers_of_all_layers);
  tcase_add_loop_test(t, integers_of_tied_channels, 0, 2);
  tcase_add_test(t, bad_calls);
  tcase_add_test(t, unfinished_runs);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
