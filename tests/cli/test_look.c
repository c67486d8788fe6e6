/* What a person sees of speed: the kernels that a run chose (log, kernels.csv, inspect), bench,
 * peak memory, what images need; and how far a search is. */
#include "nets.h"
#include "rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Passes of a training step: three a layer, but none to the images. */
enum { PLAIN_PASSES = 3 * 3 - 1, PLAIN_WINOGRAD = 3, RICH_PASSES = 7 * 3 - 1, ROUNDS = 2 };

#define MAGNITUDE "prune.method=magnitude", "prune.rounds=2", "prune.sparsity=0.9"

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
  text_write("rich.ini", CONFIG_BEGIN RICH_LAYERS);
}

static process succeed(const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_msg(p.status == 0 && !*p.err, "status %d: %s", p.status, p.err);
  return p;
}
#define SUCCEED(...) succeed((const char *const[]){__VA_ARGS__, NULL})

/* One line on stderr, with the text in it, and nothing on stdout. */
static void refused(const char *expected, const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_msg(p.status == 2 && !*p.out, "status %d: '%s' '%s'", p.status, p.out, p.err);
  ck_assert_msg(strstr(p.err, expected) && strchr(p.err, '\n') == p.err + strlen(p.err) - 1,
                "'%s' lacks '%s'", p.err, expected);
  process_free(&p);
}
#define REFUSED(expected, ...) refused(expected, (const char *const[]){__VA_ARGS__, NULL})

static int count_text(const char *in, const char *text) {
  int count = 0;
  for (; (in = strstr(in, text)); in += strlen(text)) count++;
  return count;
}

/* ---- kernels.csv ---- */

/* How many rows of a round have such kernels for such a reason; NULL = any. */
static int count_rows(const table *t, int round, const char *kernels, const char *reason) {
  int count = 0;
  for (int i = 1; i < t->rows; i++)
    count += atoi(cell_of(t, i, "round")) == round &&
             (!kernels || strcmp(cell_of(t, i, "kernels"), kernels) == 0) &&
             (!reason || strcmp(cell_of(t, i, "reason"), reason) == 0);
  return count;
}

START_TEST(nothing_is_pruned) {
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=none");
  table t = table_read("a/kernels.csv");
  ck_assert_int_eq(t.rows, 1 + PLAIN_PASSES);
  ck_assert_int_eq(count_rows(&t, 0, "dense", "no mask"), PLAIN_PASSES - PLAIN_WINOGRAD);
  ck_assert_int_eq(count_rows(&t, 0, "dense", "fewer products by Winograd"), PLAIN_WINOGRAD);
  table_free(&t);
}
END_TEST

START_TEST(forced) {
  static const char *const modes[] = {"on", "off"}, *const kernels[] = {"sparse", "dense"};
  for (int i = 0; i < 2; i++) {
    char sparse[32];
    snprintf(sparse, sizeof sparse, "train.sparse=%s", modes[i]);
    process p = SUCCEED("run", "rich.ini", "-o", modes[i], MAGNITUDE, sparse);
    char path[32];
    snprintf(path, sizeof path, "%s/kernels.csv", modes[i]);
    table t = table_read(path);
    for (int round = 0; round <= ROUNDS; round++) {
      ck_assert_int_eq(count_rows(&t, round, NULL, NULL), RICH_PASSES);
      /* conv 8 groups 2, and the depthwise one */
      ck_assert_int_eq(count_rows(&t, round, "dense", "grouped"), 6);
      ck_assert_int_eq(count_rows(&t, round, kernels[i], "forced"), RICH_PASSES - 6);
    }
    ck_assert_int_eq(count_text(p.out, "sparse kernels: "), ROUNDS);
    ck_assert_int_eq(count_text(p.out, i == 0 ? "14 of 20 passes" : "none of 20 passes"), ROUNDS);
    table_free(&t);
    process_free(&p);
  }
}
END_TEST

/* The stopwatch has run when a round ends: each pass has both times, and the lesser one's
 * kernels. */
START_TEST(by_stopwatch) {
  process p = SUCCEED("run", "plain.ini", "-o", "a", MAGNITUDE, "train.sparse=auto",
                      "data.train=192", "prune.distribution=uniform");
  table t = table_read("a/kernels.csv");
  ck_assert_int_eq(count_rows(&t, 0, "dense", "too dense to try"), PLAIN_PASSES - PLAIN_WINOGRAD);
  ck_assert_int_eq(count_rows(&t, ROUNDS, NULL, "faster"), PLAIN_PASSES);
  for (int i = 1; i < t.rows; i++) {
    const double dense = atof(cell_of(&t, i, "dense_ms")),
                 sparse = atof(cell_of(&t, i, "sparse_ms"));
    if (strcmp(cell_of(&t, i, "reason"), "faster") != 0) continue;
    ck_assert(dense > 0.0 && sparse > 0.0);
    if (strcmp(cell_of(&t, i, "kernels"), "sparse") == 0)
      ck_assert(sparse <= dense);
    else
      ck_assert(dense <= sparse);
  }
  ck_assert_int_eq(count_text(p.out, "sparse kernels: "), ROUNDS);
  table_free(&t);
  process_free(&p);
}
END_TEST

/* Masks that change every other step do not flood the log: a line at the end of an epoch at
 * most. */
START_TEST(dynamic_methods_are_quiet) {
  process p = SUCCEED("run", "plain.ini", "-o", "a", "prune.method=rigl", "prune.sparsity=0.8",
                      "train.epochs=4", "train.sparse=on");
  ck_assert_int_eq(count_text(p.out, "sparse kernels: "), 1);
  process_free(&p);
}
END_TEST

/* A run that is finished has nothing to measure again, and keeps what it has. */
START_TEST(resuming_keeps_the_record) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE);
  char *before = bytes_read("a/kernels.csv", NULL);
  cJSON *result = result_read("a");
  const double peak = number_of(result, "peak_rss_mib");
  ck_assert(peak > 1.0 && peak < 4096.0);
  cJSON_Delete(result);
  ESPALIER("resume", "a");
  char *after = bytes_read("a/kernels.csv", NULL);
  ck_assert_str_eq(before, after);
  result = result_read("a");
  ck_assert(number_of(result, "peak_rss_mib") >= peak);
  cJSON_Delete(result);
  free(before);
  free(after);
}
END_TEST

/* ---- inspect ---- */

START_TEST(inspect_shows_the_choice) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE, "train.sparse=on");
  process p = SUCCEED("inspect", "a");
  ck_assert(strstr(p.out, "conv1") && strstr(p.out, "12x8x3x3") && strstr(p.out, "90.00"));
  ck_assert(strstr(p.out, "at the end of round 2"));
  ck_assert_int_eq(count_text(p.out, "sparse, forced"), PLAIN_PASSES);
  process_free(&p);
  p = SUCCEED("inspect", "a/round-01.safetensors");
  ck_assert(strstr(p.out, "conv1") && !strstr(p.out, "forced"));
  process_free(&p);
}
END_TEST

START_TEST(inspect_of_damaged_records) {
  static const char header[] = "round,layer,pass,density,dense_ms,sparse_ms,kernels,reason\n";
  static const struct {
    const char *rows, *expected;
  } damages[] = {
      {"0,conv1,forward,1,,,dense\n", "kernels.csv:2: "},
      {"0,conv1,forward,1,,,dense,no mask,\n", "kernels.csv:2: "},
      {"0,conv1,forward,1,,,dense,no mask\n0,conv1,sideways,1,,,dense,no mask\n",
       "kernels.csv:3: "},
      {"0,conv1,forward,1,1e999,,dense,no mask\n", "kernels.csv:2: "},
      {"0,conv1,forward,1,nan,,dense,no mask\n", "kernels.csv:2: "},
      {"-1,conv1,forward,1,,,dense,no mask\n", "kernels.csv:2: "},
      {"0,,forward,1,,,dense,no mask\n", "kernels.csv:2: "},
      {"0,conv1,forward,1,,,blue,no mask\n", "kernels.csv:2: "},
      {"0,conv1,forward,1,,,dense,no mask", "kernels.csv:2: "},
      {"0,conv1,forward,1,,,dense,no mask, but a reason that is longer than any\n",
       "kernels.csv:2: "},
      {"0,conv1,forward,1,,,dense,a reason that is longer than any that there is\n",
       "kernels.csv:2: "},
  };
  ESPALIER("run", "plain.ini", "-o", "a", "train.epochs=0");
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    char text[512];
    snprintf(text, sizeof text, "%s%s", header, damages[i].rows);
    text_write("a/kernels.csv", text);
    REFUSED(damages[i].expected, "inspect", "a");
  }
  text_write("a/kernels.csv", "round,layer\n");
  REFUSED("kernels.csv:1: expected the columns round,layer,pass", "inspect", "a");
  bytes_write("a/kernels.csv", "round\0", 7);
  REFUSED("kernels.csv: a NUL", "inspect", "a");
  text_write("a/kernels.csv", header);
  ESPALIER("inspect", "a");
}
END_TEST

/* ---- multiply-adds that images need ---- */

/* rounds.csv says what result.json says, and nothing where nothing depends on the image. */
START_TEST(executed_multiply_adds) {
  static const char *const extra[] = {NULL, "model.gate_density=0.5"};
  for (int i = 0; i < 2; i++) {
    const char *dir = i ? "gated" : "plain";
    ESPALIER("run", "plain.ini", "-o", dir, MAGNITUDE, extra[i]);
    char path[32];
    snprintf(path, sizeof path, "%s/rounds.csv", dir);
    table t = table_read(path);
    cJSON *result = result_read(dir);
    const cJSON *rounds = cJSON_GetObjectItem(result, "rounds");
    ck_assert_int_eq(t.rows, 1 + ROUNDS);
    for (int round = 1; round <= ROUNDS; round++) {
      const char *cell = cell_of(&t, round, "macs_executed");
      const cJSON *json =
          cJSON_GetObjectItem(cJSON_GetArrayItem(rounds, round - 1), "macs_executed");
      ck_assert(i ? cJSON_IsNumber(json) && atof(cell) > 0.0 : cJSON_IsNull(json) && !*cell);
      if (i) ck_assert_double_eq_tol(atof(cell), json->valuedouble, 0.51);
    }
    cJSON_Delete(result);
    table_free(&t);
  }
}
END_TEST

/* ---- how far a search is ---- */

static void check_watch(const char *dir, const char *expected, const char *not_expected) {
  process p = SUCCEED("watch", dir, "--once");
  ck_assert_msg(strstr(p.out, expected) != NULL, "'%s' lacks '%s'", p.out, expected);
  ck_assert_msg(!not_expected || !strstr(p.out, not_expected), "'%s' has '%s'", p.out,
                not_expected);
  process_free(&p);
}

#define SEARCH                                                                        \
  "search", "plain.ini", "-o", "out", "data.validation=32", "prune.method=magnitude", \
      "prune.schedule=one-shot", "prune.least_step=0.1", "prune.sparsity=0.8"

/* With such tolerances all networks are good, and none. */
START_TEST(watching_a_search) {
  ESPALIER(SEARCH, "prune.tolerance=1");
  check_watch("out", "dense: finished  validation ", "more");
  check_watch("out", "trial 1, sparsity=0.8: finished  validation ", "trial 2");
  check_watch("out", "  sparsity 80.00 %  good\n", "not good");
  check_watch(
      "out", "1 trial finished; the sparsest within 100.00 points of the dense one: 80.00 %", NULL);
  text_write("out/search.ini", "[prune\n");
  REFUSED("out/search.ini:1: section without ']'", "watch", "out");
}
END_TEST

/* As it is when it was killed: the trial at work, and how many may come, half of the interval
 * each. */
START_TEST(watching_a_search_at_work) {
  const process_options stop = {.signal = 9, .begun = "out/dense/progress.json"};
  process p = espalier(&stop, (const char *const[]){SEARCH, "train.epochs=2000", NULL});
  ck_assert_int_eq(p.signal, 9);
  process_free(&p);
  check_watch("out", "dense: stopped or failed", "epoch");
  int lock = lock_hold("out/dense");
  check_watch("out", "dense: training  epoch ", "trial 1");
  check_watch("out",
              "0 trials finished, at most 4 more; none within 1.00 points of the dense one yet",
              NULL);
  close(lock);
  remove_tree("out");
  const process_options later = {.signal = 9, .begun = "out/sparsity=0.8/progress.json"};
  p = espalier(&later, (const char *const[]){SEARCH, "prune.retrain_epochs=2000", NULL});
  ck_assert_int_eq(p.signal, 9);
  process_free(&p);
  lock = lock_hold("out/sparsity=0.8");
  check_watch("out", "trial 1, sparsity=0.8: round 1/1  epoch ", "trial 2");
  check_watch("out", "0 trials finished, at most 4 more", NULL);
  ck_assert_int_eq(remove("out/sparsity=0.8/progress.json"), 0);
  check_watch("out", "trial 1, sparsity=0.8: stopped or failed\n", "left");
  close(lock);
}
END_TEST

/* ---- bench ---- */

static const cJSON *member(const cJSON *o, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);
  ck_assert_msg(item != NULL, "no '%s'", name);
  return item;
}

static void check_total(const cJSON *o, const char *name, double batch) {
  static const char *const modes[] = {"dense", "sparse"};
  for (int i = 0; i < 2; i++) {
    const double ms = number_of(member(member(o, name), "ms"), modes[i]);
    const double rate = number_of(member(member(o, name), "images_per_second"), modes[i]);
    ck_assert(ms > 0.0 && rate > 0.0);
    ck_assert_double_eq_tol(rate * ms, 1e3 * batch, 1e-3 * batch);
  }
}

/* Runs bench and reads what it says; sparsity and layers must be right. */
static void check_bench(const char *path, const char *extra, double sparsity) {
  process p =
      SUCCEED("bench", path, "--json", "--repeats", "5", "--batch", "8", "--threads", "2", extra);
  cJSON *o = cJSON_Parse(p.out);
  ck_assert_msg(o != NULL, "not JSON: %s", p.out);
  ck_assert_int_eq(cJSON_GetArraySize(member(o, "layers")), 3);
  ck_assert(number_of(o, "batch") == 8.0 && number_of(o, "threads") == 2.0 &&
            number_of(o, "repeats") == 5.0);
  const cJSON *all = member(o, "all_layers");
  ck_assert_double_eq_tol(number_of(all, "sparsity"), sparsity, 1e-9);
  ck_assert(number_of(all, "macs_effective") <= number_of(all, "macs"));
  ck_assert(number_of(member(all, "to_weights_ms"), "sparse") > 0.0);
  const cJSON *first = cJSON_GetArrayItem(member(o, "layers"), 0);
  ck_assert(number_of(member(first, "to_input_ms"), "dense") == 0.0);
  check_total(o, "training", 8.0);
  check_total(o, "inference", 8.0);
  ck_assert(number_of(member(o, "predictor"), "ms") > 0.0);
  cJSON_Delete(o);
  process_free(&p);
}

START_TEST(bench_of_a_run) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE);
  check_bench("a", NULL, 0.9);
  check_bench("a/dense.safetensors", NULL, 0.0);
  process p = SUCCEED("bench", "a", "--batch", "8");
  ck_assert(strstr(p.out, "a/round-02.safetensors") && strstr(p.out, "all layers"));
  ck_assert(strstr(p.out, "batch 8; ") && strstr(p.out, "median of 9"));
  ck_assert(strstr(p.out, "training step") && strstr(p.out, "inference") &&
            strstr(p.out, "images/s"));
  process_free(&p);
}
END_TEST

/* Dynamic methods and those that look at gradients cannot prune an untrained network; bench says
 * how it did. */
START_TEST(bench_of_a_configuration) {
  check_bench("plain.ini", NULL, 0.0);
  check_bench("plain.ini", "prune.method=magnitude", 0.9);
  check_bench("plain.ini", "prune.method=rigl", 0.9);
  check_bench("plain.ini", "prune.method=saliency", 0.9);
  process p =
      SUCCEED("bench", "plain.ini", "--batch", "8", "prune.method=set", "prune.sparsity=0.5");
  ck_assert(strstr(p.out, "initial weights of plain.ini, pruned by magnitude to sparsity = 0.5"));
  process_free(&p);
  ck_assert_int_eq(count_files(".", ".safetensors"), 0);
}
END_TEST

START_TEST(bench_called_wrongly) {
  REFUSED("expected a run directory", "bench");
  REFUSED("nowhere: no such file", "bench", "nowhere");
  REFUSED("nowhere.ini: cannot open", "bench", "nowhere.ini");
  REFUSED(".: no weights in this directory", "bench", ".");
  REFUSED("unknown option '--jsn'; did you mean '--json'?", "bench", "plain.ini", "--jsn");
  REFUSED("--batch: expected a whole number from 1 to 65536 after it", "bench", "plain.ini",
          "--batch");
  REFUSED("--batch '0': expected", "bench", "plain.ini", "--batch", "0");
  REFUSED("--batch '8x': expected", "bench", "plain.ini", "--batch", "8x");
  REFUSED("--batch '99999999999999999999': expected", "bench", "plain.ini", "--batch",
          "99999999999999999999");
  REFUSED("--repeats '4': expected a whole number from 5", "bench", "plain.ini", "--repeats", "4");
  REFUSED("--threads '-1': expected", "bench", "plain.ini", "--threads", "-1");
  REFUSED("did you mean 'sparsity'?", "bench", "plain.ini", "prune.sparsty=0.5");
  REFUSED("plain.ini: ", "bench", "plain.ini", "data.dataset=cifar10", "data.path=nowhere");
  text_write("weights", "not weights");
  REFUSED("weights: ", "bench", "weights");
}
END_TEST

int main(void) {
  rig_begin();
  Suite *suite = suite_create("look");
  TCase *all = tcase_create("look");
  tcase_set_timeout(all, 300);
  tcase_add_checked_fixture(all, setup, NULL);
  tcase_add_test(all, nothing_is_pruned);
  tcase_add_test(all, forced);
  tcase_add_test(all, by_stopwatch);
  tcase_add_test(all, dynamic_methods_are_quiet);
  tcase_add_test(all, resuming_keeps_the_record);
  tcase_add_test(all, inspect_shows_the_choice);
  tcase_add_test(all, inspect_of_damaged_records);
  tcase_add_test(all, executed_multiply_adds);
  tcase_add_test(all, watching_a_search);
  tcase_add_test(all, watching_a_search_at_work);
  tcase_add_test(all, bench_of_a_run);
  tcase_add_test(all, bench_of_a_configuration);
  tcase_add_test(all, bench_called_wrongly);
  suite_add_tcase(suite, all);
  return rig_end(suite);
}
