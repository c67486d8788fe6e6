/* Data and weights that are damaged, and places that cannot be written: one line, status 2, and
 * nothing to clean up. */
#include "middle.h"
#include "nets.h"
#include "refused.h"
#include "rig.h"

#include "data/damages.h"
#include "data/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

/* ---- data ---- */

START_TEST(damaged_data) {
  const damage *d = damage_at((size_t)_i);
  char data[64], path[64];
  snprintf(data, sizeof data, "data.dataset=%s", d->dataset);
  ck_assert_int_eq(mkdir("data", 0777), 0);
  damage_make((size_t)_i, "data");
  snprintf(path, sizeof path, "data/%s", d->file);
  refused((const char *[]){"run", "plain.ini", data, "data.path=data", "data.train=0",
                           "data.test=0", NULL},
          &(process_options){0}, path, d->expected);
  leaves_nothing();
}
END_TEST

START_TEST(wrong_data) {
  char *cifar = folder_make(), data[600];
  cifar10_make(cifar);
  snprintf(data, sizeof data, "data.path=%s", cifar);
#define CIFAR10 "run", "plain.ini", "data.dataset=cifar10", data, "data.test=0"
  REFUSED("plain.ini: data.train: 96 images asked for, the data set has 20", CIFAR10);
  REFUSED("plain.ini: data.validation: 20", CIFAR10, "data.train=0", "data.validation=20");
  REFUSED("train.bin", "run", "plain.ini", "data.dataset=cifar100", data);
  REFUSED("train-images-idx3-ubyte: no such file", "run", "plain.ini", "data.dataset=idx", data);
  REFUSED("no folders in it, expected train and test, or one for each class", "run", "plain.ini",
          "data.dataset=folder", data);
  folder_remove(cifar);
  leaves_nothing();
}
END_TEST

/* ---- weights ---- */

#define FROM(file) "run", "plain.ini", "-o", "out", "model.weights=" file

START_TEST(bad_weights) {
  ESPALIER("run", "plain.ini", "-o", "other", "model.arch=lenet5", "train.epochs=0");
  ESPALIER("run", "plain.ini", "-o", "same", "train.epochs=0");
  size_t bytes;
  char *file = bytes_read("same/dense.safetensors", &bytes);
  REFUSED("/other/dense.safetensors: ", FROM("other"));
  bytes_write("cut", file, bytes - 1);
  REFUSED("/cut: ", FROM("cut"));
  REFUSED("cut: ", "eval", "cut");
  REFUSED("cut: ", "inspect", "cut");
  bytes_write("empty", file, 0);
  REFUSED("/empty: at byte 0", FROM("empty"));
  REFUSED("empty: ", "eval", "empty");
  file[bytes - 5] ^= 1;
  bytes_write("flipped", file, bytes);
  REFUSED("do not match their SHA-256", FROM("flipped"));
  REFUSED("do not match their SHA-256", "eval", "flipped");
  REFUSED("do not match their SHA-256", "predict", "flipped", "plain.ini");
  REFUSED("plain.ini", "predict", "same", "plain.ini");
  REFUSED("nowhere.png", "predict", "same", "nowhere.png");
  REFUSED("dataset", "eval", "same", "data.dataset=cifar1");
  const process_options isa = {.environment = (const char *[]){"ESPALIER_ISA=sse9", NULL}};
  refused((const char *[]){"eval", "same", NULL}, &isa, "ESPALIER_ISA = 'sse9': expected one",
          NULL);
  REFUSED("argument 'prune.sparsity=0.5': decides nothing here", "eval", "same",
          "prune.sparsity=0.5");
  REFUSED("argument 'model.arch=mlp': decides nothing here", "eval", "same", "model.arch=mlp");
  free(file);
  leaves_nothing();
}
END_TEST

/* ---- places that cannot be written ---- */

START_TEST(bad_output) {
  char deep[3001];
  text_write("file", "x");
  ck_assert_int_eq(mkdir("taken", 0777), 0);
  ck_assert_int_eq(mkdir("taken/config.ini", 0777), 0);
  ck_assert_int_eq(mkdir("odd", 0777), 0);
  ck_assert_int_eq(mkdir("odd/checkpoint.safetensors", 0777), 0);
  for (size_t i = 0; i + 1 < sizeof deep; i++) deep[i] = i % 100 == 99 ? '/' : 'd';
  deep[sizeof deep - 1] = '\0';
  REFUSED("file: is in the way", "run", "plain.ini", "-o", "file");
  REFUSED("file: is in the way", "run", "plain.ini", "-o", "file/a");
  REFUSED("path of 0 bytes", "run", "plain.ini", "-o", "");
  REFUSED("a path of 3000 bytes", "run", "plain.ini", "-o", deep);
  REFUSED("a path of 3000 bytes", "resume", deep);
  REFUSED("holds a run already", "run", "plain.ini", "-o", "taken");
  REFUSED("odd: has files in it that are not a run's", "run", "plain.ini", "-o", "odd");
  REFUSED("file: is in the way", "run", "plain.ini", "run.output=file");
  if (geteuid() != 0) {
    ck_assert_int_eq(mkdir("sealed", 0500), 0);
    REFUSED("sealed/a: cannot make the directory: Permission denied", "run", "plain.ini", "-o",
            "sealed/a");
  }
  char *text = bytes_read("file", NULL);
  ck_assert_str_eq(text, "x");
  free(text);
  leaves_nothing();
}
END_TEST

/* Files cannot grow beyond 16 KiB, as if the disk were full: checkpoints are larger. */
START_TEST(full_disk) {
  const process_options full = {.file_limit = 16384};
  refused((const char *[]){RUN, "-o", "a", NULL}, &full, CHECKPOINT ": cannot be written",
          "File too large");
  ck_assert_int_eq(count_files("a", ".tmp"), 0);
  ESPALIER("resume", "a");
  remove_tree("a");
  stop_in_the_middle();
  size_t bytes;
  char *good = bytes_read(CHECKPOINT, &bytes);
  bytes_write("copy", good, bytes);
  free(good);
  refused((const char *[]){"resume", "a", NULL}, &full, CHECKPOINT ": cannot be written",
          "File too large");
  ck_assert(same_bytes(CHECKPOINT, "copy"));
  ck_assert_int_eq(count_files("a", ".tmp"), 0);
  ESPALIER("resume", "a");
  ESPALIER(RUN, "-o", "b");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
}
END_TEST

static Suite *suite(void) {
  int damages = 0;
  while (damage_at((size_t)damages)) damages++;
  Suite *s = suite_create("bad files");
  TCase *t = tcase_create("bad files");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_loop_test(t, damaged_data, 0, damages);
  tcase_add_test(t, wrong_data);
  tcase_add_test(t, bad_weights);
  tcase_add_test(t, bad_output);
  tcase_add_test(t, full_disk);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
