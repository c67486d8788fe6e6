/* Runs that are stopped, finished already, in the way, or diverge. */
#include "nets.h"
#include "rig.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

#define MAGNITUDE "prune.method=magnitude", "prune.rounds=2", "prune.sparsity=0.9"

START_TEST(existing_run) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE);
  ESPALIER("run", "plain.ini", "-o", "b", MAGNITUDE);
  const int files = count_files("a", "");
  char *result = bytes_read("a/result.json", NULL);
  process p = espalier(&(process_options){0}, (const char *[]){"run", "plain.ini", "-o", "a",
                                                               "run.seed=2", MAGNITUDE, NULL});
  ck_assert_int_eq(p.status, 2);
  ck_assert_ptr_nonnull(strstr(p.err, "a: holds a run already"));
  ck_assert_ptr_nonnull(strstr(p.err, "espalier resume a"));
  process_free(&p);
  ck_assert_int_eq(count_files("a", ""), files);
  ck_assert(same_bytes("a/config.ini", "b/config.ini"));
  ck_assert(same_bytes("a/round-02.safetensors", "b/round-02.safetensors"));
  char *again = bytes_read("a/result.json", NULL);
  ck_assert_str_eq(result, again);
  free(result);
  free(again);
}
END_TEST

START_TEST(resuming_a_finished_run) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE, "train.average=0.9");
  ESPALIER("run", "plain.ini", "-o", "b", MAGNITUDE, "train.average=0.9");
  ESPALIER("resume", "a");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
  ck_assert(same_reports("a", "b"));
}
END_TEST

/* One epoch of many steps, an image each. */
#define LONG                                                                                     \
  "run", "plain.ini", "data.train=800", "train.epochs=1", "train.batch=1", "prune.retrain=none", \
      MAGNITUDE

/* Asked to stop in the middle of an epoch. */
START_TEST(stopping) {
  static const int signals[] = {SIGTERM, SIGINT};
  const process_options options = {
      .signal = signals[_i], .begun = "a/checkpoint.safetensors", .after = 0.01};
  process p = espalier(&options, (const char *[]){LONG, "-o", "a", NULL});
  ck_assert_msg(p.status == 130, "status %d, signal %d: %s", p.status, p.signal, p.err);
  ck_assert_str_eq(p.err, "espalier run: stopped; go on with: espalier resume a\n");
  process_free(&p);
  tensors t = tensors_read("a/checkpoint.safetensors");
  char *text = tensors_position(&t);
  cJSON *position = cJSON_Parse(text);
  ck_assert_double_eq(number_of(position, "stage"), 0);
  ck_assert_double_gt(number_of(position, "batch"), 0);
  cJSON_Delete(position);
  free(text);
  tensors_free(&t);
  ESPALIER("resume", "a");
  ESPALIER(LONG, "-o", "b");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
  ck_assert(same_reports("a", "b"));
}
END_TEST

/* The masks hold in the checkpoint too; with a shadow the weights behind them are there. */
START_TEST(stopping_while_masks_change) {
  static const char *const methods[] = {"prune.method=surgery", "prune.method=rigl",
                                        "prune.method=set"};
  const process_options options = {
      .signal = SIGTERM, .begun = "a/checkpoint.safetensors", .after = 0.02};
#define LONG_DYNAMIC LONG, methods[_i], "prune.rounds=1", "prune.end_epoch=1"
  process p = espalier(&options, (const char *[]){LONG_DYNAMIC, "-o", "a", NULL});
  ck_assert_msg(p.status == 130, "status %d, signal %d: %s", p.status, p.signal, p.err);
  process_free(&p);
  tensors t = tensors_read("a/checkpoint.safetensors");
  ck_assert_ptr_nonnull(tensor_of(&t, "mask.", "conv1.weight"));
  if (_i == 0)
    ck_assert_ptr_nonnull(tensor_of(&t, "shadow.", "conv1.weight"));
  else
    masked_tensors_check(&t);
  tensors_free(&t);
  ESPALIER("resume", "a");
  ESPALIER(LONG_DYNAMIC, "-o", "b");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
  ck_assert(same_reports("a", "b"));
}
END_TEST

/* The last step of a training can spoil the weights, too late for the loss of a step to show it.
 * With one step an epoch, a training that is as many epochs long as steps went well ends so. */
START_TEST(diverging_in_the_last_step) {
  text_write(
      "mad.ini",
      "[run]\nthreads = 1\n[data]\ndataset = shapes\ntrain = 32\ntest = 48\n[train]\nbatch = 32\n"
      "loss = mse\nlr = 1000\nschedule = constant\n[model]\narch = custom\nlayers =\n"
      "  conv 8 3x3 stride 4\n  relu\n  flatten\n  linear classes\n");
  process p = espalier(&(process_options){0},
                       (const char *[]){"run", "mad.ini", "-o", "a", "train.epochs=1000", NULL});
  ck_assert_int_eq(p.status, 1);
  const char *step = strstr(p.err, "at step ");
  ck_assert_msg(step != NULL, "%s", p.err);
  char epochs[64];
  snprintf(epochs, sizeof epochs, "train.epochs=%d", atoi(step + strlen("at step ")));
  process_free(&p);
  const char *const ways[][6] = {{"run", "mad.ini", "-o", "b", epochs}, {"resume", "b"}};
  for (int i = 0; i < 2; i++) {
    p = espalier(&(process_options){0}, ways[i]);
    ck_assert_int_eq(p.status, 1);
    ck_assert_msg(strstr(p.err, "no longer a finite number on the test images") ||
                      strstr(p.err, "numbers that are no longer finite"),
                  "%s", p.err);
    process_free(&p);
    cJSON *result = json_read("b/result.json");
    ck_assert_str_eq(cJSON_GetObjectItem(result, "status")->valuestring, "running");
    cJSON_Delete(result);
  }
}
END_TEST

/* Rectifiers turn what is not a number into 0: weights can be lost while the loss stays finite.
 * Batch norms let them grow with the decay until then. The newest checkpoint is from before. */
START_TEST(weights_lost_behind_a_finite_loss) {
  text_write(
      "hidden.ini",
      "[run]\nthreads = 1\n[data]\ndataset = shapes\ntrain = 32\ntest = 48\n[train]\nbatch = 32\n"
      "epochs = 20\nlr = 1000\nmomentum = 0\nweight_decay = 1\nschedule = constant\n"
      "warmup_epochs = 0\n[model]\narch = custom\nlayers =\n  conv 8 3x3 stride 4 nobias\n  bn\n"
      "  relu\n"
      "  conv classes 1x1 nobias\n  bn\n  relu\n  global_avgpool\n  flatten\n");
  const char *const ways[][5] = {{"run", "hidden.ini", "-o", "b"}, {"resume", "b"}};
  for (int i = 0; i < 2; i++) {
    process p = espalier(&(process_options){0}, ways[i]);
    ck_assert_int_eq(p.status, 1);
    ck_assert_msg(strstr(p.err, "numbers that are no longer finite") != NULL, "%s", p.err);
    process_free(&p);
    ck_assert(!exists("b/dense.safetensors"));
    tensors t = tensors_read("b/checkpoint.safetensors");
    for (int k = 0; k < t.count; k++)
      for (size_t n = 0; n < t.item[k].count && !t.item[k].bytes; n++)
        ck_assert(isfinite(value_at(&t.item[k], n)));
    tensors_free(&t);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("stopping");
  TCase *t = tcase_create("stopping");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, existing_run);
  tcase_add_test(t, resuming_a_finished_run);
  tcase_add_test(t, diverging_in_the_last_step);
  tcase_add_test(t, weights_lost_behind_a_finite_loss);
  tcase_add_loop_test(t, stopping, 0, 2);
  tcase_add_loop_test(t, stopping_while_masks_change, 0, 3);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
