/* A configuration for whatever images there are: it runs as it is, and says what it found. */
#include "rig.h"

#include "data/files.h"
#include "data/wav_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static void setup(void) {
  rig_open();
  folder = folder_make();
}

static void tear_down(void) {
  folder_remove(folder);
}

/* The text of the file has the line. */
static void has_line(const char *path, const char *line) {
  char *text = bytes_read(path, NULL), wanted[256];
  snprintf(wanted, sizeof wanted, "\n%s\n", line);
  ck_assert_msg(strstr(text, wanted) != NULL, "'%s' lacks '%s'", text, line);
  free(text);
}

/* It is a configuration that a run can begin with, and a short one comes to its end. */
static void runs(const char *path) {
  ESPALIER("run", path, "--dry-run");
  ESPALIER("run", path, "-o", "run", "train.epochs=1", "train.warmup_epochs=0", "prune.rounds=1",
           "prune.retrain_epochs=0", "model.arch=resnet8", "model.width=0.25");
}

/* `count` pictures a class of width x height. */
static void classes_make(const char *under, int count, int width, int height) {
  static const char *const names[] = {"ant", "bee", "wasp"};
  char name[64];
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < count; i++) {
      snprintf(name, sizeof name, "%s%s/%02d.png", under, names[c], i);
      png_write_plain(folder, name, width, height, (uint8_t)(80 * c), (uint8_t)i, 9);
    }
}

START_TEST(split_pictures) {
  classes_make("train/", 4, 20, 20);
  classes_make("test/", 1, 20, 20);
  ESPALIER("new", folder, "-o", "a.ini");
  has_line("a.ini", "dataset = folder");
  has_line("a.ini", "input = 3x20x20");
  has_line("a.ini", "batch = 16");
  runs("a.ini");
}
END_TEST

/* Of 7 pictures a class one is to test on: (7 + 2) / 5. Sizes differ, so they are scaled. */
START_TEST(pictures_that_are_not_split) {
  classes_make("", 6, 50, 40);
  png_write_plain(folder, "ant/90.png", 90, 20, 1, 2, 3);
  png_write_plain(folder, "bee/90.png", 70, 60, 1, 2, 3);
  png_write_plain(folder, "wasp/90.png", 40, 41, 1, 2, 3);
  ESPALIER("new", folder, "-o", "a.ini");
  has_line("a.ini", "input = 3x40x40");
  has_line("a.ini",
           "; Of each class a fifth of the pictures is to test on, the same for every seed.");
  ENDS(0, "18 images to train, 0 to validate, 3 to test; 3 classes, 3x40x40", NULL, "inspect",
       "a.ini");
  runs("a.ini");
}
END_TEST

START_TEST(idx_files) {
  idx_make(folder, _i);
  ESPALIER("new", folder, "-o", "a.ini");
  has_line("a.ini", "dataset = idx");
  has_line("a.ini", "input = 1x5x4");
  ESPALIER("run", "a.ini", "--dry-run", "model.arch=mlp");
}
END_TEST

START_TEST(cifar_files) {
  cifar10_make(folder);
  ESPALIER("new", folder, "-o", "a.ini");
  has_line("a.ini", "dataset = cifar10");
  runs("a.ini");
}
END_TEST

/* ---- texts and sounds ---- */

/* One epoch of it comes to its end, on a small network. */
static void runs_small(const char *path, const char *arch) {
  ESPALIER("run", path, "-o", "run", "train.epochs=1", "train.warmup_epochs=0", "prune.rounds=1",
           "prune.retrain_epochs=0", arch);
}

/* Each line of a class's file is a text; the longest has 8 characters. */
START_TEST(words) {
  file_write(folder, "train/one.txt", "eins\nfoo\nsiebzehn\n", 18);
  file_write(folder, "train/two.txt", "deux\nbar\n", 9);
  file_write(folder, "test/one.txt", "drei\n", 5);
  file_write(folder, "test/two.txt", "trois\n", 6);
  ENDS(0, "5 texts to train on, 2 classes", NULL, "new", folder, "-o", "a.ini");
  has_line("a.ini", "dataset = text");
  has_line("a.ini", "tokens = characters");
  has_line("a.ini", "length = 8");
  has_line("a.ini", "arch = lstm-64");
  has_line("a.ini", "optimiser = adam");
  runs_small("a.ini", "model.arch=lstm-4");
}
END_TEST

/* A table in the place of a folder, whose texts are too long to be read by characters. */
START_TEST(table_of_long_texts) {
  char text[2048];
  size_t n = 0;
  for (int i = 0; i < 10; i++) {
    n += (size_t)snprintf(text + n, sizeof text - n, "%s\t", i % 2 ? "bad" : "good");
    for (int word = 0; word < 60; word++)
      n += (size_t)snprintf(text + n, sizeof text - n, "w%d ", i * word % 7);
    n += (size_t)snprintf(text + n, sizeof text - n, "\n");
  }
  text_write("reviews.tsv", text);
  ENDS(0, "8 texts to train on, 2 classes", NULL, "new", "reviews.tsv", "-o", "a.ini");
  has_line("a.ini", "tokens = words");
  has_line("a.ini", "length = 60");
  has_line("a.ini", "; Of each class a fifth of the texts is to test on, the same for every seed.");
  runs_small("a.ini", "model.arch=textcnn");
}
END_TEST

/* As long as the longest sound, in tenths of a second. */
START_TEST(sounds) {
  char name[32];
  for (int i = 0; i < 6; i++) {
    snprintf(name, sizeof name, "%s/%d.wav", i % 2 ? "high" : "low", i);
    wav_write_sine(folder, name, 8000, i % 2 ? 0.3 : 0.33, i % 2 ? 2000 : 300, 0.5);
  }
  ENDS(0, "4 sounds to train on, 2 classes", NULL, "new", folder, "-o", "a.ini");
  has_line("a.ini", "dataset = audio");
  has_line("a.ini", "seconds = 0.4");
  has_line("a.ini", "arch = ds-cnn");
  runs_small("a.ini", "model.arch=kws-dnn");
  for (int i = 0; i < 6; i += 2) {
    snprintf(name, sizeof name, "low/%d.wav", i);
    file_write(folder, name, "RIFF", 4);
  }
  ENDS(2, "", ".wav: ", "new", folder, "-o", "b.ini");
  ck_assert(!exists("b.ini"));
}
END_TEST

/* Values in the place of its own, in sections of their own, and none that are wrong. */
START_TEST(changes) {
  cifar10_make(folder);
  ESPALIER("new", folder, "-o", "a.ini", "train.epochs=3", "prune.schedule=one-shot",
           "prune.rounds=1", "train.momentum=0.8", "model.layers=flatten\nlinear classes",
           "model.arch=custom");
  has_line("a.ini", "epochs = 3");
  has_line("a.ini", "schedule = cosine");
  has_line("a.ini", "schedule = one-shot");
  has_line("a.ini", "momentum = 0.8");
  has_line("a.ini", "layers = flatten\n  linear classes");
  ESPALIER("run", "a.ini", "--dry-run");
  ENDS(2, "", "argument 'train.lrr=1': unknown key 'lrr'", "new", folder, "-o", "b.ini",
       "train.lrr=1");
  ENDS(2, "", "argument 'train.epochs=many'", "new", folder, "-o", "b.ini", "train.epochs=many");
  ck_assert(!exists("b.ini"));
}
END_TEST

/* It is called like the folder, and replaces nothing. */
START_TEST(names) {
  ck_assert_int_eq(symlink(folder, "my insects"), 0);
  classes_make("", 2, 16, 16);
  ESPALIER("new", "my insects/");
  has_line("my-insects.ini", "name = my-insects");
  ENDS(2, "", "my-insects.ini: is there already", "new", "my insects");
  text_write("b.ini", "mine");
  ENDS(2, "", "b.ini: is there already; choose another name with -o", "new", folder, "-o", "b.ini");
  char *text = bytes_read("b.ini", NULL);
  ck_assert_str_eq(text, "mine");
  free(text);
}
END_TEST

START_TEST(nothing_to_train_on) {
  ENDS(2, "", "0 folders in it", "new", folder);
  ENDS(2, "", "nowhere: no such folder", "new", "nowhere");
  text_write("file", "x");
  ENDS(2, "", "file: is not a folder", "new", "file");
  png_write_plain(folder, "ant/a.png", 8, 8, 1, 2, 3);
  ENDS(2, "", "1 folders in it, expected one for each of at least 2 classes", "new", folder);
  ck_assert_int_eq(mkdir(path_of(folder, "bee"), 0777), 0);
  ENDS(2, "", "bee: no picture in it (.jpg, .jpeg or .png)", "new", folder);
  file_write(folder, "train-images-idx3-ubyte", "x", 1);
  ENDS(2, "", "train-images-idx3-ubyte: at byte", "new", folder);
  ck_assert_int_eq(count_files(".", ".ini"), 0);
}
END_TEST

/* Not even the header of what is no whole picture is read: with tables as long as these it would
 * make the reader write beyond its own. */
START_TEST(pictures_that_are_damaged) {
  static const uint8_t grey[][3] = {{90, 90, 90}};
  for (int c = 0; c < 2; c++) {
    const char *name = c ? "bee/a.jpg" : "ant/a.jpg";
    size_t bytes;
    jpeg_write(folder, name, 1, 1, grey);
    char *jpeg = bytes_read(path_of(folder, name), &bytes);
    jpeg[80] = c ? '\377' : jpeg[80];
    file_write(folder, name, jpeg, c ? bytes : bytes - 2);
    free(jpeg);
  }
  ENDS(2, "", "no readable picture in it (.jpg, .jpeg or .png)", "new", folder);
}
END_TEST

/* A picture alone cannot be dealt out. */
START_TEST(a_class_of_one_picture) {
  classes_make("", 1, 16, 16);
  ESPALIER("new", folder, "-o", "a.ini");
  ENDS(2, "", "ant: 1 pictures in it (.jpg, .jpeg or .png), expected at least 2", "run", "a.ini");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("new");
  TCase *t = tcase_create("new");
  tcase_set_timeout(t, 60);
  tcase_add_checked_fixture(t, setup, tear_down);
  tcase_add_test(t, split_pictures);
  tcase_add_test(t, pictures_that_are_not_split);
  tcase_add_loop_test(t, idx_files, 0, 3);
  tcase_add_test(t, cifar_files);
  tcase_add_test(t, words);
  tcase_add_test(t, table_of_long_texts);
  tcase_add_test(t, sounds);
  tcase_add_test(t, changes);
  tcase_add_test(t, names);
  tcase_add_test(t, nothing_to_train_on);
  tcase_add_test(t, pictures_that_are_damaged);
  tcase_add_test(t, a_class_of_one_picture);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
