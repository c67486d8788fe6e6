/* What is said before a run begins of keys that are sound each by itself and not together, and what
 * result.json counts of masks. */
#include "folder.h"
#include "suite.h"

#include <espalier/file.h>
#include <espalier/results.h>
#include <espalier/run.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] =
    "[run]\nthreads = 1\n"
    "[data]\ndataset = shapes\ntrain = 65\ntest = 64\n"
    "[model]\narch = custom\nlayers =\n"
    "  conv 4 3x3 stride 4\n  relu\n  global_avgpool\n  flatten\n"
    "  linear 6\n  bn\n  relu\n  linear classes\n"
    "[train]\nepochs = 3\nbatch = 16\nlr = 0.01\n"
    "[prune]\nmethod = magnitude\nschedule = one-shot\nsparsity = 0.5\nretrain_epochs = 0\n";

static char *folder, dir[FOLDER_PATH_MAX], ini[FOLDER_PATH_MAX];
static esp_error err;
static int runs;

static void begin(void) {
  folder = folder_make();
  snprintf(ini, sizeof ini, "%s/c.ini", folder);
  if (esp_file_write(ini, text, strlen(text), &err) != ESP_OK) exit(1);
}

static void end(void) {
  folder_remove(folder);
}

enum { ARGUMENTS = 8 };

static esp_status run(const char *const argument[ARGUMENTS]) {
  int count = 0;
  esp_config config;
  while (count < ARGUMENTS && argument[count]) count++;
  snprintf(dir, sizeof dir, "%s/run%d-%d", folder, (int)getpid(), runs++);
  ck_assert_msg(esp_config_load(&config, ini, count, argument, &err) == ESP_OK, "%s", err.text);
  const esp_status status = esp_run_new(&config, ini, dir, (esp_run_control){0}, &err);
  esp_config_free(&config);
  return status;
}

/* result.json, to be freed. */
static char *result(void) {
  char path[FOLDER_PATH_MAX + 32], *data = NULL;
  size_t bytes;
  snprintf(path, sizeof path, "%s/result.json", dir);
  ck_assert_msg(esp_file_read(path, 1 << 20, &data, &bytes, &err) == ESP_OK, "%s", err.text);
  return data;
}

#define TRAINING "prune.method=magnitude", "prune.schedule=cubic", "prune.every=1"
#define RIGL "prune.method=rigl", "prune.retrain=none"

static const struct {
  const char *argument[ARGUMENTS], *text;
} refused[] = {
    {{"train.batch=1"}, "[train] batch = 1: the batch norm 'bn1' sees one value a channel"},
    {{"data.train=1"}, "the batch norm 'bn1' sees one value"},
    {{"data.augment=crop", "data.crop_padding=32"}, "crop_padding"},
    {{"data.augment=noise"}, "[data] augment = noise: is for sounds, and the data are pictures"},
    {{"data.augment=cutout", "data.cutout_size=64"}, "[data] cutout_size = 64: blanks every image"},
    {{RIGL}, "[prune] every = 100: masks change in steps 0 to 11 of the training"},
    {{"prune.method=set", "prune.every_epochs=9"}, "[prune] every_epochs = 9: masks change"},
    {{"prune.method=granet"}, "granet would move no weight"},
    {{TRAINING, "train.epochs=0"}, "[train] epochs = 0: method = magnitude with schedule = cubic"},
    {{RIGL, "train.epochs=0"}, "[train] epochs = 0: method = rigl"},
    {{TRAINING, "prune.begin_epoch=3"}, "[prune] begin_epoch = 3: expected less than the 3 epochs"},
    {{TRAINING, "prune.begin_epoch=2.5"}, "[prune] begin_epoch = 2.5: masks change for the last"},
    {{TRAINING, "prune.begin_epoch=2", "prune.end_epoch=1"}, "end_epoch = 1"},
    {{"prune.retrain=weight-rewind", "prune.rewind_step=16"}, "[prune] rewind_step = 16: expected"},
    {{"prune.distill=0.5", "prune.retrain=none"}, "[prune] distill = 0.5 with retrain = none"},
    {{"model.weight_names=x"}, "names tensors, and `weights` names no file"},
    {{"train.optimiser=adam", "train.momentum=0.5"},
     "[train] momentum = 0.5 with optimiser = adam, which does not read it"},
    {{"train.beta1=0.5"}, "[train] beta1 = 0.5 with optimiser = sgd, which does not read it"},
    {{"train.optimiser=rmsprop", "train.nesterov=yes"}, "[train] nesterov = yes with optimiser"},
    {{"data.length=8"}, "[data] length = 8 with dataset = shapes, which does not read it"},
    {{"data.noise=0.1"}, "[data] noise = 0.1 with dataset = shapes, which does not read it"},
    {{"run.order=1", "run.order_step=15"}, "[run] order_step = 15: expected less than the 15"},
};
enum { REFUSED = sizeof refused / sizeof *refused };

START_TEST(refuses_what_makes_no_sense) {
  ck_assert_int_eq(run(refused[_i].argument), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, refused[_i].text) != NULL, "'%s' lacks '%s'", err.text,
                refused[_i].text);
}
END_TEST

static const struct {
  const char *argument[ARGUMENTS], *text;
} odd[] = {
    {{"train.epochs=3"}, "[train] batch = 16: of 65 training images the last batch has one"},
    {{"train.batch=100"}, "[train] batch = 100: there are 65 training images"},
    {{"data.train=3"}, "of 10 classes have no training image: "},
    {{"data.validation=2"}, "of 10 classes have no validation image: "},
    {{"data.test=2"}, "of 10 classes have no test image: "},
    {{"data.augment=crop", "data.crop_padding=16"}, "[data] crop_padding = 16: shifts half"},
    {{"data.augment=cutout", "data.cutout_size=32"}, "[data] cutout_size = 32: the square"},
    {{"prune.method=magnitude", "prune.schedule=linear"}, "nothing is gradual"},
    {{"prune.method=str"}, "[prune] every = 100: masks change in steps 0 to 11"},
    {{RIGL, "prune.every=2", "prune.drop_fraction=0"}, "rigl exchanges no weight"},
    {{TRAINING, "prune.end_epoch=4"}, "[prune] end_epoch = 4: the training has 3 epochs"},
    {{"prune.sparsity=0"}, "[prune] sparsity = 0: of 192 units none is pruned"},
    {{"prune.sparsity=0.001"}, "[prune] sparsity = 0.001: of 192 units none is pruned"},
    /* 192 weights, 3 layers: 1 % would be 2 of them. */
    {{"prune.sparsity=0.99"}, "of 192 units only 189 can go"},
    {{TRAINING, "prune.sparsity=0.99"}, "of 192 units only 189 can go"},
    {{"prune.layer_floor=0.75"}, "of 192 units only 48 can go: a sparsity of 0.25"},
    /* Of 3, 4 and 6 inputs only 4 are a multiple of 4. */
    {{"prune.structure=n:m"},
     "[prune] structure = n:m: the inputs of 2 of 3 layers are no multiple of m; these stay dense, "
     "with 168 of 192 weights: conv1 linear2\""},
    {{"prune.structure=n:m", "prune.skip=linear2"},
     "of 1 of 3 layers are no multiple of m; these "
     "stay dense, with 108 of 192 weights: conv1\""},
    {{"prune.structure=hybrid", "prune.distribution=uniform",
      "prune.structures=conv1 weight\nlinear* n:m"},
     "[prune] structure = hybrid: the inputs of 1 of 3 layers are no multiple of m; these stay "
     "dense, with 60 of 192 weights: linear2\""},
    {{"prune.schedule=list", "prune.sparsities=0.25 0.25 0.5"}, "round 2 prunes nothing"},
    {{"prune.retrain=weight-rewind", "prune.rewind_epoch=3"}, "rewind_epoch = 3 is the end"},
    {{"prune.early_bird=5"}, "[prune] early_bird = 5: a training of 3 epochs"},
    {{"train.warmup_epochs=3"}, "[train] warmup_epochs = 3: the training has 3 epochs"},
    {{"train.lr=0"}, "[train] lr = 0: no weight moves in the 3 epochs"},
    {{"train.optimiser=adam", "train.lr=0.1"}, "[train] lr = 0.1 with optimiser = adam, which"},
    {{"train.optimiser=rmsprop", "prune.retrain_epochs=1"},
     "[prune] retrain_lr = 0.05 with optimiser = rmsprop, which"},
    {{"train.average=0.99"},
     "[train] average = 0.99: remembers 100 steps, and the training has 15"},
    {{"train.schedule=step", "train.step_epochs=3"}, "[train] step_epochs = 3"},
    {{"train.schedule=multi-step", "train.milestones=1 80"}, "[train] milestones: 80 lies behind"},
    {{"run.keep_epochs=1 4"}, "[run] keep_epochs: the training ends at 3, before 4"},
    {{"run.keep_steps=16"}, "[run] keep_steps: the training ends at 15, before 16"},
};
enum { ODD = sizeof odd / sizeof *odd };

START_TEST(warns_of_what_is_odd) {
  ck_assert_msg(run(odd[_i].argument) == ESP_OK, "%s", err.text);
  char *json = result();
  ck_assert_ptr_nonnull(strstr(json, "\"warnings\""));
  ck_assert_msg(strstr(json, odd[_i].text) != NULL, "'%s' in %s", odd[_i].text, json);
  free(json);
}
END_TEST

START_TEST(says_nothing_where_nothing_is_odd) {
  static const char *const fine[][ARGUMENTS] = {
      {"data.train=64"},
      {"data.train=64", RIGL, "prune.every=3"},
      {"data.train=64", TRAINING},
      {"data.train=64", "prune.method=static"},
      {"data.train=64", "prune.method=magnitude", "prune.schedule=linear", "prune.begin_epoch=1",
       "prune.end_epoch=1"},
      {"data.train=64", "prune.structure=n:m", "prune.n=1", "prune.m=2", "prune.skip=conv1"},
  };
  ck_assert_msg(run(fine[_i]) == ESP_OK, "%s", err.text);
  char *json = result();
  ck_assert_msg(strstr(json, "\"warnings\":\t[]") != NULL, "%s", json);
  free(json);
}
END_TEST

/* A network that was pruned, taken without its masks. */
START_TEST(warns_of_zeros_that_nothing_keeps) {
  char weights[FOLDER_PATH_MAX + 32], masks[FOLDER_PATH_MAX + 32];
  ck_assert_int_eq(run((const char *[ARGUMENTS]){NULL}), ESP_OK);
  snprintf(weights, sizeof weights, "model.weights=%s", dir);
  snprintf(masks, sizeof masks, "prune.mask_from=%s", dir);
  const char *const without[ARGUMENTS] = {weights, "prune.method=none"}, *const with[ARGUMENTS] = {
                                                                             weights,
                                                                             "prune.method=none",
                                                                             masks};
  ck_assert_msg(run(without) == ESP_OK, "%s", err.text);
  char *json = result();
  ck_assert_msg(strstr(json, "50.00 % of the weights in") != NULL, "%s", json);
  free(json);
  ck_assert_msg(run(with) == ESP_OK, "%s", err.text);
  json = result();
  ck_assert_msg(strstr(json, "of the weights in") == NULL, "%s", json);
  free(json);
}
END_TEST

static esp_round last_round(void) {
  esp_results r;
  ck_assert_msg(esp_results_read(&r, dir, &err) == ESP_OK, "%s", err.text);
  const esp_round row = r.round[r.rounds - 1];
  esp_results_free(&r);
  return row;
}

/* 192 weights, half of them pruned. RigL: a mask at the first step, then every 3rd of 11, where a
 * share of the weights goes and as many come. */
START_TEST(counts_mask_changes) {
  ck_assert_int_eq(run((const char *[ARGUMENTS]){NULL}), ESP_OK);
  esp_round row = last_round();
  ck_assert(row.mask_changes == 1 && row.weights_moved == 96);
  ck_assert_int_eq(run((const char *[ARGUMENTS]){"prune.method=static"}), ESP_OK);
  row = last_round();
  ck_assert(row.mask_changes == 1 && row.weights_moved == 96);
  ck_assert_int_eq(run((const char *[ARGUMENTS]){RIGL, "prune.every=3"}), ESP_OK);
  row = last_round();
  ck_assert(row.mask_changes == 4 && row.weights_moved > 96); /* steps 0, 3, 6, 9; 11 moves none */
  ck_assert_int_eq(run((const char *[ARGUMENTS]){RIGL, "prune.every=3", "prune.drop_fraction=0"}),
                   ESP_OK);
  row = last_round();
  ck_assert(row.mask_changes == 1 && row.weights_moved == 96);
}
END_TEST

/* From a network of which half is 0, pruned to a quarter, nothing trained: masks and values differ,
 * and nonzero is said of values. */
START_TEST(counts_zeros_whether_masked_or_not) {
  char weights[FOLDER_PATH_MAX + 32];
  esp_results r;
  ck_assert_int_eq(run((const char *[ARGUMENTS]){NULL}), ESP_OK);
  snprintf(weights, sizeof weights, "model.weights=%s", dir);
  ck_assert_int_eq(run((const char *[ARGUMENTS]){weights, "train.epochs=0", "prune.sparsity=0.25"}),
                   ESP_OK);
  ck_assert_msg(esp_results_read(&r, dir, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(r.rounds, 2);
  for (int i = 0; i < 2; i++) {
    ck_assert(r.round[i].weights == 192 && r.round[i].weights_nonzero == 96);
    ck_assert(r.round[i].sparsity_network == 0.5 && r.round[i].density == 0.5);
    ck_assert(r.round[i].macs_effective < r.round[i].macs);
    ck_assert(r.round[i].sparsity == (i ? 0.25 : 0.0));
  }
  ck_assert(r.round[1].macs_effective == r.round[0].macs_effective);
  esp_results_free(&r);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("checks");
  TCase *tests = tcase_create("runs");
  tcase_set_timeout(tests, 60);
  tcase_add_unchecked_fixture(tests, begin, end);
  tcase_add_loop_test(tests, refuses_what_makes_no_sense, 0, REFUSED);
  tcase_add_loop_test(tests, warns_of_what_is_odd, 0, ODD);
  tcase_add_loop_test(tests, says_nothing_where_nothing_is_odd, 0, 6);
  tcase_add_test(tests, warns_of_zeros_that_nothing_keeps);
  tcase_add_test(tests, counts_mask_changes);
  tcase_add_test(tests, counts_zeros_whether_masked_or_not);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
