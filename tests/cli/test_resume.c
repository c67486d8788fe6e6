/* Runs that are killed at any moment and resumed end as if nothing had happened. */
#include "nets.h"
#include "rig.h"

#include <espalier/random.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
  text_write("rich.ini", CONFIG_BEGIN RICH_LAYERS);
  text_write("stream.ini", CONFIG_BEGIN STREAM_LAYERS);
}

enum { ARGUMENTS_MAX = 16, TRIES = 400 };

/* A configuration, and how often the run is killed. Each method by itself is in test_methods.c;
 * here are those that go together in some other way, and many kills. */
typedef struct ordeal {
  int kills;
  const char *config, *argument[ARGUMENTS_MAX];
} ordeal;

/* Checkpoints fall into the middle of epochs, and each start comes further than to the next one. */
#define OFTEN "run.checkpoint_minutes=0.0003", "data.train=64", "train.batch=4"
#define ITERATIVE OFTEN, "prune.method=magnitude", "prune.rounds=2", "prune.sparsity=0.9"
#define REGULARISED(by)                                                              \
  OFTEN, "prune.method=magnitude", "prune.schedule=one-shot", "prune.strength=0.01", \
      "prune.regulariser=" by
#define ADAM_RATES "train.lr=0.001", "prune.retrain_lr=0.001"
#define TWO_TASKS "data.tasks=parity: 0 2 4 6 8 | 1 3 5 7 9", "data.task_weights=1 0.5"
#define IN_TRAINING OFTEN, "train.epochs=5", "prune.sparsity=0.8"
#define SEARCHING                                                                               \
  OFTEN, "data.validation=16", "prune.method=saliency", "prune.rounds=2", "prune.population=6", \
      "prune.generations=6", "prune.sparsity=0.7"
static const ordeal ordeals[] = {
    {20,
     "rich.ini",
     {OFTEN, "data.train=188", "data.validation=12", "prune.method=magnitude", "prune.rounds=3",
      "prune.retrain=weight-rewind", "prune.rewind_epoch=1", "train.epochs=3", "train.average=0.9",
      "data.augment=crop flip cutout"}},
    {20, "plain.ini", {IN_TRAINING, "data.train=312", "prune.method=surgery", "train.average=0.9"}},
    {20,
     "plain.ini",
     {IN_TRAINING, "data.train=312", "prune.method=rigl", "prune.distribution=erk"}},
    {3,
     "stream.ini",
     {IN_TRAINING, "prune.method=grow", "prune.structure=channel", "prune.stall=1"}},
    {3, "stream.ini", {REGULARISED("l0"), "prune.structure=channel", "prune.sparsity=0.5"}},
    {3, "stream.ini", {REGULARISED("admm"), "prune.structure=n:m", "prune.sparsity=0.5"}},
    {3,
     "rich.ini",
     {REGULARISED("variational"), "train.average=0.9", "train.optimiser=adam", ADAM_RATES}},
    {3, "plain.ini", {IN_TRAINING, "prune.method=str", "prune.strength=0.01", "train.average=0.9"}},
    {3, "rich.ini", {REGULARISED("l0"), "train.average=0.9", "train.optimiser=adam", ADAM_RATES}},
    {3,
     "plain.ini",
     {ITERATIVE, "prune.retrain=weight-rewind", "train.optimiser=adamw", ADAM_RATES}},
    {3, "plain.ini", {REGULARISED("none"), "prune.distill=0.5"}},
    {3, "plain.ini", {ITERATIVE, TWO_TASKS, "data.validation=8", "prune.method=saliency"}},
    {3,
     "stream.ini",
     {ITERATIVE, TWO_TASKS, "prune.structure=neuron", "prune.retrain=reconstruct",
      "train.average=0.9"}},
    {3, "rich.ini", {IN_TRAINING, "prune.method=saliency", "prune.schedule=cubic"}},
    {3, "plain.ini", {ITERATIVE, "prune.retrain=reinit", "train.average=0.9"}},
    {4,
     "plain.ini",
     {OFTEN, "prune.method=magnitude", "prune.sparsity=0.9", "train.average=0.9",
      "compress.steps=share round", "compress.epochs=4 1", "compress.share_bits=3"}},
    {4,
     "plain.ini",
     {OFTEN, "prune.method=magnitude", "prune.sparsity=0.9", "compress.steps=quantise round",
      "compress.epochs=4 1", "compress.quantise_bits=4", "compress.quantise_training=learned",
      "train.average=0.9", "train.optimiser=rmsprop", "train.lr=0.001"}},
    {4,
     "plain.ini",
     {OFTEN, "prune.method=magnitude", "prune.sparsity=0.9", "prune.skip=conv2",
      "compress.steps=factorise share", "compress.epochs=4 1", "compress.factorise_rank=2"}},
    {3, "plain.ini", {ITERATIVE, "prune.retrain=none", "prune.method=random", "prune.rounds=8"}},
    {3,
     "plain.ini",
     {ITERATIVE, "prune.method=saliency", "prune.structure=filter", "train.clip_norm=1"}},
    {3,
     "stream.ini",
     {IN_TRAINING, "prune.structure=channel", "prune.method=saliency", "prune.schedule=cubic"}},
    {3,
     "stream.ini",
     {ITERATIVE, "prune.structure=layer", "prune.allow_empty=yes", "prune.retrain=reinit"}},
    {3, "stream.ini", {ITERATIVE, "prune.structure=neuron", "prune.retrain=weight-rewind"}},
    {3,
     "stream.ini",
     {ITERATIVE, "prune.structure=n:m", "prune.sparsity=0.5", "train.average=0.9"}},
    {3,
     "stream.ini",
     {IN_TRAINING, "prune.structure=block", "prune.method=random", "prune.schedule=cubic"}},
    {3,
     "stream.ini",
     {ITERATIVE, "prune.structure=hybrid", "prune.distribution=uniform", "prune.sparsity=0.6"}},
    {3,
     "plain.ini",
     {IN_TRAINING, "prune.method=taylor", "prune.schedule=exponential", "prune.every_epochs=0.3"}},
    {3,
     "plain.ini",
     {ITERATIVE, "prune.shuffle=yes", "prune.distribution=lamp", "prune.layer_floor=0.1"}},
    {3,
     "plain.ini",
     {OFTEN, "prune.method=bn-scale", "prune.structure=filter", "prune.sparsity=0.4",
      "train.epochs=9", "prune.early_bird=2", "prune.early_bird_distance=0.2", "train.lr=0.01"}},
    {5,
     "plain.ini",
     {OFTEN, "data.validation=16", "prune.method=magnitude", "prune.schedule=feedback",
      "prune.rounds=6", "prune.tolerance=0"}},
    {5,
     "rich.ini",
     {OFTEN, "data.validation=16", "prune.method=l1", "prune.schedule=feedback", "prune.rounds=5",
      "prune.tolerance=0.05", "prune.structure=filter", "train.average=0.9", "prune.retrain=none"}},
    {5, "plain.ini", {SEARCHING, "prune.distribution=genetic"}},
    {5,
     "rich.ini",
     {SEARCHING, "prune.distribution=swarm", "prune.structure=filter", "train.average=0.9",
      "prune.budget=macs", "prune.recalibrate=2"}},
    {3,
     "plain.ini",
     {IN_TRAINING, "prune.method=magnitude", "prune.schedule=cubic", "prune.pause_epochs=1.3"}},
    {3,
     "rich.ini",
     {ITERATIVE, "model.gate_density=0.5", "model.relu_zeros=0.7", "train.average=0.9"}},
    {3,
     "plain.ini",
     {OFTEN, "prune.method=none", "model.gate_density=0.3", "model.relu_threshold=0.2"}},
    {3,
     "rich.ini",
     {OFTEN, "prune.method=none", "train.epochs=4", "train.loss=mse", "train.lr=0.02"}},
};
enum { ORDEALS = sizeof ordeals / sizeof *ordeals };

/* Begins the run in `dir`, or goes on with it if there is one. Whether it came to its end. */
static bool go_on(const ordeal *o, const char *dir, const process_options *options) {
  const char *first[ARGUMENTS_MAX + 8] = {"run", o->config, "-o", dir},
                                    *again[] = {"resume", dir, NULL};
  char path[64];
  snprintf(path, sizeof path, "%s/config.ini", dir);
  for (int i = 0; o->argument[i]; i++) first[4 + i] = o->argument[i];
  process p = espalier(options, exists(path) ? again : first);
  ck_assert_msg(p.signal == SIGKILL || (p.status == 0 && !*p.err), "status %d, signal %d: %s",
                p.status, p.signal, p.err);
  const bool finished = p.status == 0;
  process_free(&p);
  return finished;
}

/* A kill leaves no file half written: what there is can be read. */
static void check_whole(void) {
  if (exists("killed/result.json")) cJSON_Delete(json_read("killed/result.json"));
  if (!exists("killed/checkpoint.safetensors")) return;
  tensors t = tensors_read("killed/checkpoint.safetensors");
  ck_assert_int_gt(t.count, 0);
  tensors_free(&t);
}

static void check_same(void) {
  ck_assert_str_eq(hash_of_run("killed"), hash_of_run("whole"));
  ck_assert(same_reports("killed", "whole"));
  ck_assert_int_eq(count_files("killed", ".tmp"), 0);
  ck_assert_int_eq(count_files("killed", ""), count_files("whole", ""));
}

/* The moments come from a fixed seed, within the time that the run takes when it is left alone; a
 * run that ends before it was killed often enough is begun anew. */
START_TEST(killed) {
  const ordeal *o = &ordeals[_i];
  const double began = process_seconds();
  ck_assert(go_on(o, "whole", &(process_options){0}));
  const double share = (process_seconds() - began) / (o->kills < 10 ? 2 : 6);
  int kills = 0;
  for (uint64_t i = 0; kills < o->kills && i < TRIES; i++) {
    const float moment = esp_random_uniform(esp_key_of(99, (uint64_t)_i), i);
    const process_options options = {.signal = SIGKILL, .after = share * (double)moment};
    if (go_on(o, "killed", &options)) {
      check_same();
      remove_tree("killed");
    } else {
      kills++;
      check_whole();
    }
  }
  ck_assert_int_eq(kills, o->kills);
  ck_assert(go_on(o, "killed", &(process_options){0}));
  check_same();
}
END_TEST

/* Killed as soon as there is a directory, a configuration, a checkpoint, weights. */
START_TEST(killed_at_its_files) {
  static const char *const files[] = {"killed",
                                      "killed/config.ini.espalier.tmp",
                                      "killed/config.ini",
                                      "killed/rewind.safetensors",
                                      "killed/checkpoint.safetensors",
                                      "killed/log.csv",
                                      "killed/dense.safetensors",
                                      "killed/round-01.safetensors"};
  const ordeal o = {8, "plain.ini", {ITERATIVE, "prune.retrain=weight-rewind"}};
  ck_assert(go_on(&o, "whole", &(process_options){0}));
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    const process_options options = {.signal = SIGKILL, .begun = files[i]};
    if (!go_on(&o, "killed", &options)) ck_assert(go_on(&o, "killed", &(process_options){0}));
    check_same();
    remove_tree("killed");
  }
}
END_TEST

/* With other threads and instructions than before. */
START_TEST(resumed_elsewhere) {
  ordeal o = ordeals[0];
  const char *const scalar[] = {"ESPALIER_ISA=scalar", "OMP_NUM_THREADS=2", NULL};
  const char *const single[] = {"OMP_NUM_THREADS=1", NULL};
  const process_options stop = {
      .environment = single, .signal = SIGKILL, .begun = "killed/round-01.safetensors"};
  int n = 0;
  while (o.argument[n]) n++;
  o.argument[n] = "run.threads=0"; /* as many as there are */
  ck_assert(go_on(&o, "whole", &(process_options){.environment = single}));
  go_on(&o, "killed", &stop);
  ck_assert(go_on(&o, "killed", &(process_options){.environment = scalar}));
  check_same();
}
END_TEST

enum { SIDE = 16, TRAIN = 64, TEST = 32 };

/* A set of squares in the IDX format; one pixel and one label may be others. */
static void split_write(const char *images, const char *labels, int count, int pixel, int label) {
  static uint8_t image[16 + TRAIN * SIDE * SIDE], text[8 + TRAIN];
  const uint8_t head[16] = {0, 0, 8, 3, 0, 0, 0, (uint8_t)count, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
  memset(image, 0, sizeof image);
  memcpy(image, head, sizeof head);
  memcpy(text, (uint8_t[]){0, 0, 8, 1, 0, 0, 0, (uint8_t)count}, 8);
  for (int i = 0; i < count; i++) {
    text[8 + i] = (uint8_t)(i % 10);
    for (int k = 0; k < 6; k++) image[16 + (i * SIDE + i % 10 + k) * SIDE + k] = 255;
  }
  image[16] = (uint8_t)pixel;
  text[8] = (uint8_t)label;
  bytes_write(images, image, (size_t)(16 + count * SIDE * SIDE));
  bytes_write(labels, text, (size_t)(8 + count));
}

static void data_write(int pixel, int label) {
  split_write("train-images-idx3-ubyte", "train-labels-idx1-ubyte", TRAIN, pixel, label);
  split_write("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", TEST, 0, 0);
}

static void refuses_data(const char *text) {
  process p = espalier(&(process_options){0}, (const char *[]){"resume", "a", NULL});
  ck_assert_msg(p.status == 2 && strstr(p.err, text), "status %d: %s", p.status, p.err);
  process_free(&p);
}

/* A run goes on with the images and labels that it began with, and says so of others. */
START_TEST(other_data_are_refused) {
  data_write(0, 0);
  ESPALIER("run", "plain.ini", "-o", "a", "data.dataset=idx", "data.path=.", "data.train=0",
           "data.test=0");
  ESPALIER("resume", "a");
  data_write(0, 1);
  refuses_data("the labels of the data (data.dataset = idx, data.path = /");
  refuses_data(") are not those that a began with; expected the same data");
  data_write(7, 0);
  refuses_data("the images of the data");
  data_write(0, 0);
  ESPALIER("resume", "a");
}
END_TEST

/* Networks that are taken over must have seen the same images too; mean and deviation, which are
 * measured on them, are not called another configuration. */
START_TEST(other_data_are_refused_of_what_is_taken_over) {
#define IDX "data.dataset=idx", "data.path=.", "data.train=0", "data.test=0"
  data_write(0, 0);
  ESPALIER("run", "plain.ini", "-o", "a", IDX);
  data_write(200, 0);
  ENDS(2, NULL, "the images of the data", "compress", "a", "-o", "b", "compress.steps=round");
  ENDS(2, NULL, "the images of the data", "run", "plain.ini", "-o", "b", IDX,
       "prune.method=magnitude", "run.dense=a");
  ck_assert(!exists("b"));
}
END_TEST

/* Keys that change no result can be given anew, and stand in config.ini then: the images may have
 * been moved. */
START_TEST(other_places_and_threads) {
  data_write(0, 0);
  ESPALIER("run", "plain.ini", "-o", "a", "data.dataset=idx", "data.path=.", "data.train=0",
           "data.test=0");
  ck_assert_int_eq(mkdir("moved", 0777), 0);
  ck_assert_int_eq(chdir("moved"), 0);
  data_write(0, 0);
  ck_assert_int_eq(chdir(".."), 0);
  ck_assert_int_eq(remove("train-images-idx3-ubyte"), 0);
  ENDS(2, NULL, "train-images-idx3-ubyte: no such file", "resume", "a");
  ESPALIER("resume", "a", "data.path=moved", "run.threads=2");
  ESPALIER("resume", "a");
  char *text = bytes_read("a/config.ini", NULL);
  ck_assert(strstr(text, "/moved\n") && strstr(text, "\nthreads = 2\n"));
  ENDS(2, NULL, "[train] lr = 0.1, not 0.5; expected the same", "resume", "a", "train.lr=0.5");
  ENDS(2, NULL, "[model] width = 1, not 2; expected the same", "resume", "a", "model.width=2");
  ENDS(2, NULL, "argument run.name: says how a run begins", "resume", "a", "run.name=b");
  ENDS(2, NULL, "argument 'data.pth=x': unknown key", "resume", "a", "data.pth=x");
  char *after = bytes_read("a/config.ini", NULL);
  ck_assert_str_eq(text, after);
  free(text);
  free(after);
}
END_TEST

/* Whoever edits config.ini is told which keys the checkpoint was made with. */
START_TEST(another_configuration_is_named_key_by_key) {
  ESPALIER("run", "stream.ini", "-o", "a", "train.lr=0.05", "prune.method=magnitude",
           "prune.sparsity=0.5");
  char *text = bytes_read("a/config.ini", NULL);
  char *lr = strstr(text, "\nlr = 0.05"), *sparsity = strstr(text, "\nsparsity = 0.5\n");
  ck_assert(lr && sparsity);
  lr[strlen("\nlr = 0.0")] = '7';
  sparsity[strlen("\nsparsity = 0.")] = '6';
  text_write("a/config.ini", text);
  free(text);
  process p = espalier(&(process_options){0}, (const char *[]){"resume", "a", NULL});
  ck_assert_msg(
      p.status == 2 && strstr(p.err,
                              "was made with another configuration than is asked for: "
                              "[train] lr = 0.05, not 0.07; [prune] sparsity = 0.5, not 0.6; "
                              "expected the same"),
      "status %d: %s", p.status, p.err);
  process_free(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("resume");
  TCase *t = tcase_create("resume");
  tcase_set_timeout(t, 600);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_loop_test(t, killed, 0, ORDEALS);
  tcase_add_test(t, killed_at_its_files);
  tcase_add_test(t, resumed_elsewhere);
  tcase_add_test(t, other_data_are_refused);
  tcase_add_test(t, other_data_are_refused_of_what_is_taken_over);
  tcase_add_test(t, other_places_and_threads);
  tcase_add_test(t, another_configuration_is_named_key_by_key);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
