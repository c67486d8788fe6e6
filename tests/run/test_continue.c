/* Starting from weights of other classes, and going on with a run for longer than was asked for. */
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
    "[data]\ndataset = shapes\ntrain = 64\ntest = 32\n"
    "[model]\narch = custom\nlayers =\n"
    "  conv 4 3x3 stride 4\n  relu\n  global_avgpool\n  flatten\n  linear classes\n"
    "[train]\nepochs = 2\nbatch = 16\nlr = 0.01\nschedule = constant\n"
    "[prune]\nmethod = none\nsparsity = 0.5\nretrain_epochs = 1\n";

static char *folder, ini[FOLDER_PATH_MAX], dir[FOLDER_PATH_MAX];
static esp_error err;
static int runs;

/* ---- data of two classes ---- */

static esp_status fill(esp_images *images, uint32_t count) {
  images->count = count;
  images->pixels = calloc(count, 3 * 32 * 32);
  images->labels = calloc(count, sizeof *images->labels);
  if (!images->pixels || !images->labels) return ESP_ERR_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    images->labels[i] = (int32_t)(i % 2);
    memset(images->pixels + i * 3 * 32 * 32, i % 2 ? 200 : 40, 3 * 32 * 32);
  }
  return ESP_OK;
}

static esp_status load_two(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                           esp_key seed, esp_error *error) {
  (void)opt, (void)wanted, (void)seed, (void)error;
  set->shape = (esp_shape){3, 32, 32};
  if (!(set->class_name = calloc(2, sizeof *set->class_name))) return ESP_ERR_MEMORY;
  set->class_name[0] = strdup("dark");
  set->class_name[1] = strdup("light");
  set->classes = 2;
  ESP_TRY(fill(&set->train, 64));
  return fill(&set->test, 32);
}

static const esp_dataset_kind two = {.name = "two", .help = "dark and light", .load = load_two};

/* ---- runs ---- */

static void begin(void) {
  folder = folder_make();
  snprintf(ini, sizeof ini, "%s/c.ini", folder);
  if (esp_file_write(ini, text, strlen(text), &err) != ESP_OK) exit(1);
  if (esp_dataset_kind_register(&two, &err) != ESP_OK) exit(1);
}

static void end(void) {
  folder_remove(folder);
}

enum { ARGUMENTS = 8 };

/* stop: after the first step. */
static esp_status run(const char *const argument[ARGUMENTS], bool stop) {
  int count = 0;
  const volatile sig_atomic_t stopped = 1;
  esp_config config;
  while (count < ARGUMENTS && argument[count]) count++;
  snprintf(dir, sizeof dir, "%s/run%d-%d", folder, (int)getpid(), runs++);
  ck_assert_msg(esp_config_load(&config, ini, count, argument, &err) == ESP_OK, "%s", err.text);
  const esp_status status =
      esp_run_new(&config, ini, dir, (esp_run_control){.stop = stop ? &stopped : NULL}, &err);
  esp_config_free(&config);
  return status;
}
#define RUN(stop, ...) run((const char *const[ARGUMENTS]){__VA_ARGS__}, stop)

/* Changes a line of the run's config.ini. */
static void change(const char *from, const char *to) {
  char path[FOLDER_PATH_MAX + 32], *data = NULL, *at, changed[16384];
  size_t bytes;
  snprintf(path, sizeof path, "%s/config.ini", dir);
  ck_assert_int_eq(esp_file_read(path, 1 << 20, &data, &bytes, &err), ESP_OK);
  ck_assert_ptr_nonnull(at = strstr(data, from));
  snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - data), data, to, at + strlen(from));
  ck_assert_int_eq(esp_file_write(path, changed, strlen(changed), &err), ESP_OK);
  free(data);
}

static void read_hash(char hash[65]) {
  esp_results r;
  ck_assert_msg(esp_results_read(&r, dir, &err) == ESP_OK, "%s", err.text);
  memcpy(hash, r.sha256, 65);
  esp_results_free(&r);
}

/* ---- other classes ---- */

START_TEST(another_head_for_other_classes) {
  char weights[FOLDER_PATH_MAX + 32];
  ck_assert_msg(RUN(false, NULL) == ESP_OK, "%s", err.text);
  snprintf(weights, sizeof weights, "model.weights=%s", dir);
  ck_assert_int_eq(RUN(false, weights, "data.dataset=two"), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "has the class 'circle' where the data have 'dark'") &&
                    strstr(err.text, "model.weights_skip = last"),
                "%s", err.text);
  ck_assert_msg(RUN(false, weights, "data.dataset=two", "model.weights_skip=last",
                    "prune.method=magnitude") == ESP_OK,
                "%s", err.text);
  ck_assert_int_eq(RUN(false, weights, "model.weights_skip=head"), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "'head' matches no layer"), "%s", err.text);
  ck_assert_int_eq(RUN(false, "model.weights_skip=last"), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "weights_skip"), "%s", err.text);
}
END_TEST

/* Nothing is trained: the first layer is that of the file, the last is drawn. */
START_TEST(skipped_layers_stay_as_they_are_drawn) {
  char weights[FOLDER_PATH_MAX + 32], trained[FOLDER_PATH_MAX], fresh[FOLDER_PATH_MAX],
      *hash[3] = {trained, fresh, dir};
  esp_loaded_run o[3];
  ck_assert_msg(RUN(false, NULL) == ESP_OK, "%s", err.text);
  strcpy(trained, dir);
  snprintf(weights, sizeof weights, "model.weights=%s", dir);
  ck_assert_msg(RUN(false, "train.epochs=0") == ESP_OK, "%s", err.text);
  strcpy(fresh, dir);
  ck_assert_msg(RUN(false, weights, "model.weights_skip=last", "train.epochs=0") == ESP_OK, "%s",
                err.text);
  for (int i = 0; i < 3; i++)
    ck_assert_msg(esp_load_run(&o[i], hash[i], false, 0, NULL, &err) == ESP_OK, "%s", err.text);
  const esp_param *first[3], *last[3];
  for (int i = 0; i < 3; i++) {
    first[i] = o[i].model->layer[0].weight;
    last[i] = o[i].model->layer[1].weight;
  }
  const size_t a = first[0]->count * sizeof(float), b = last[0]->count * sizeof(float);
  ck_assert_mem_eq(first[2]->value, first[0]->value, a);
  ck_assert_mem_ne(first[2]->value, first[1]->value, a);
  ck_assert_mem_eq(last[2]->value, last[1]->value, b);
  ck_assert_mem_ne(last[2]->value, last[0]->value, b);
  for (int i = 0; i < 3; i++) esp_loaded_run_free(&o[i]);
}
END_TEST

/* ---- longer ---- */

START_TEST(a_longer_training_ends_as_one_that_was_asked_for) {
  char whole[65], longer[65];
  ck_assert_int_eq(RUN(false, "train.epochs=5"), ESP_OK);
  read_hash(whole);
  ck_assert_int_eq(RUN(true, NULL), ESP_ERR_INTERRUPTED);
  change("\nepochs = 2\n", "\nepochs = 5\n");
  ck_assert_msg(esp_run_resume(dir, 0, NULL, (esp_run_control){0}, &err) == ESP_OK, "%s", err.text);
  read_hash(longer);
  ck_assert_str_eq(whole, longer);
}
END_TEST

/* Goes on with the run of `dir`, with one other key; stop: after a step. */
static esp_status go_on(const char *override, bool stop) {
  const volatile sig_atomic_t stopped = 1;
  return esp_run_resume(dir, override != NULL, &override,
                        (esp_run_control){.stop = stop ? &stopped : NULL}, &err);
}

#define ROUNDS "prune.method=magnitude", "prune.retrain_schedule=constant"
static const struct {
  const char *argument[ARGUMENTS], *before, *after;
} longer[] = {
    {{ROUNDS}, "prune.retrain_epochs=1", "prune.retrain_epochs=3"},
    {{ROUNDS, "prune.schedule=list", "prune.sparsities=0.2 0.5"},
     "prune.sparsity=0.5",
     "prune.sparsities=0.2 0.5 0.5"},
    {{ROUNDS, "prune.schedule=feedback", "prune.tolerance=1", "data.validation=8"},
     "prune.rounds=2",
     "prune.rounds=3"},
};
enum { LONGER = sizeof longer / sizeof *longer };

static void append(const char *argument[ARGUMENTS], const char *more) {
  int i = 0;
  while (argument[i]) i++;
  argument[i] = more;
}

/* Stopped in the first round. */
START_TEST(longer_retraining_ends_as_one_that_was_asked_for) {
  const char *whole[ARGUMENTS] = {0}, *begun[ARGUMENTS] = {0};
  char hash[2][65];
  for (int i = 0; i < ARGUMENTS && longer[_i].argument[i]; i++)
    whole[i] = begun[i] = longer[_i].argument[i];
  append(whole, longer[_i].before);
  append(whole, longer[_i].after);
  append(begun, longer[_i].before);
  ck_assert_msg(run(whole, false) == ESP_OK, "%s", err.text);
  read_hash(hash[0]);
  ck_assert_msg(run(begun, true) == ESP_ERR_INTERRUPTED, "%s", err.text);
  for (int steps = 0; steps < 9; steps++)
    ck_assert_msg(go_on(NULL, true) == ESP_ERR_INTERRUPTED, "step %d", steps);
  ck_assert_msg(go_on(longer[_i].after, false) == ESP_OK, "%s", err.text);
  read_hash(hash[1]);
  ck_assert_str_eq(hash[0], hash[1]);
}
END_TEST

/* A retraining that has ended is as long as it was. */
START_TEST(a_retraining_that_has_ended_is_not_longer) {
  ck_assert_int_eq(RUN(false, ROUNDS), ESP_OK);
  ck_assert_int_eq(go_on("prune.retrain_epochs=2", false), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "(the retraining of the first round has ended)"), "%s", err.text);
}
END_TEST

static const struct {
  const char *argument[2], *from, *to, *why;
} others[] = {
    {{NULL},
     "\nepochs = 2\n",
     "\nepochs = 1\n",
     "epochs = 2, not 1; expected the same (epochs can"},
    {{"train.schedule=cosine"}, "\nepochs = 2\n", "\nepochs = 3\n", "rates of this schedule"},
    {{"train.warmup_epochs=3"}, "\nepochs = 2\n", "\nepochs = 3\n", "the warm-up was cut"},
    {{"prune.method=rigl", "prune.every=2"}, "\nepochs = 2\n", "\nepochs = 3\n", "when masks"},
    {{"prune.method=magnitude"}, "\nrounds = 1\n", "\nrounds = 2\n", "what each round prunes to"},
    {{"prune.method=magnitude"},
     "retrain_epochs = 1",
     "retrain_epochs = 2",
     "learning rates of this retrain_schedule"},
    {{NULL}, "\nlr = 0.01\n", "\nlr = 0.02\n", "[train] lr = 0.01, not 0.02; expected the same"},
};
enum { OTHERS = sizeof others / sizeof *others };

START_TEST(another_experiment_is_refused) {
  const char *const argument[ARGUMENTS] = {others[_i].argument[0], others[_i].argument[1]};
  ck_assert_int_eq(run(argument, true), ESP_ERR_INTERRUPTED);
  change(others[_i].from, others[_i].to);
  ck_assert_int_eq(esp_run_resume(dir, 0, NULL, (esp_run_control){0}, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, others[_i].why), "'%s' lacks '%s'", err.text, others[_i].why);
}
END_TEST

START_TEST(a_training_that_has_ended_is_not_longer) {
  ck_assert_int_eq(RUN(false, NULL), ESP_OK);
  change("\nepochs = 2\n", "\nepochs = 5\n");
  ck_assert_int_eq(esp_run_resume(dir, 0, NULL, (esp_run_control){0}, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "(the training has ended)"), "%s", err.text);
}
END_TEST

/* run.dense says which keys differ, those of [prune] apart. */
START_TEST(a_training_of_other_keys_is_not_taken_over) {
  char dense[FOLDER_PATH_MAX + 32];
  ck_assert_int_eq(RUN(false, NULL), ESP_OK);
  snprintf(dense, sizeof dense, "run.dense=%s", dir);
  ck_assert_int_eq(RUN(false, dense, "prune.method=magnitude", "train.lr=0.5"), ESP_ERR_INPUT);
  ck_assert_msg(
      strstr(err.text, "[train] lr = 0.01, not 0.5") && !strstr(err.text, "[prune] method"), "%s",
      err.text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("continue");
  TCase *tests = tcase_create("runs");
  tcase_set_timeout(tests, 60);
  tcase_add_unchecked_fixture(tests, begin, end);
  tcase_add_test(tests, another_head_for_other_classes);
  tcase_add_test(tests, skipped_layers_stay_as_they_are_drawn);
  tcase_add_test(tests, a_longer_training_ends_as_one_that_was_asked_for);
  tcase_add_loop_test(tests, longer_retraining_ends_as_one_that_was_asked_for, 0, LONGER);
  tcase_add_test(tests, a_retraining_that_has_ended_is_not_longer);
  tcase_add_loop_test(tests, another_experiment_is_refused, 0, OTHERS);
  tcase_add_test(tests, a_training_that_has_ended_is_not_longer);
  tcase_add_test(tests, a_training_of_other_keys_is_not_taken_over);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
