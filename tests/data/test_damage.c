/* Damaged data files: each is refused, by a message that names the file. */
#include "files.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static void setup(void) {
  folder = folder_make();
}
static void teardown(void) {
  folder_remove(folder);
}

static void make_cifar10(void) {
  cifar10_make(folder);
}
static void make_cifar100(void) {
  cifar100_make(folder);
}
static void make_idx(void) {
  idx_make(folder, 0);
}
static void make_idx_gz(void) {
  idx_make(folder, 1);
}
static void make_pictures(void) {
  pictures_make(folder);
}

/* What can happen to a file; `at` and `bytes` say where and with what. */
typedef enum action { CUT, POKE, APPEND, REPLACE, REMOVE, FOLDER, PIPE } action;

#define CIFAR10 "cifar10", make_cifar10
#define CIFAR100 "cifar100", make_cifar100
#define IDX "idx", make_idx
#define IDX_GZ "idx", make_idx_gz
#define PICTURES "folder", make_pictures
#define BYTES(text) text, sizeof text - 1

static const struct {
  const char *dataset;
  void (*make)(void);
  const char *file;
  action action;
  long at; /* negative: from the end */
  const char *bytes;
  size_t count;
  const char *expected; /* in the message, besides the file's name */
} damages[] = {
    {CIFAR10, "data_batch_1.bin", CUT, 2 * 3073 + 100, NULL, 0, "at byte 6146: record cut short"},
    {CIFAR10, "data_batch_3.bin", CUT, 0, NULL, 0, "empty"},
    {CIFAR10, "data_batch_2.bin", POKE, 0, BYTES("\310"), "at byte 0: label 200, expected 0 to 9"},
    {CIFAR10, "data_batch_5.bin", POKE, 3 * 3073, BYTES("\n"), "at byte 9219: label 10"},
    {CIFAR10, "data_batch_4.bin", APPEND, 0, BYTES("x"), "at byte 12292"},
    {CIFAR10, "test_batch.bin", CUT, 1, NULL, 0, "at byte 0: record cut short"},
    {CIFAR10, "test_batch.bin", FOLDER, 0, NULL, 0, "directory"},
    {CIFAR10, "test_batch.bin", PIPE, 0, NULL, 0, "not a regular file"},
    {CIFAR10, "test_batch.bin", REMOVE, 0, NULL, 0, "No such file"},
    {CIFAR10, "batches.meta.txt", CUT, 12, NULL, 0, "2 class names, expected 10"},
    {CIFAR10, "batches.meta.txt", CUT, 0, NULL, 0, "0 class names"},
    {CIFAR10, "batches.meta.txt", APPEND, 0, BYTES("tree\n"), "11 class names"},
    {CIFAR10, "batches.meta.txt", POKE, 1, BYTES("\0"), "not plain UTF-8"},
    {CIFAR10, "batches.meta.txt", FOLDER, 0, NULL, 0, "directory"},
    {CIFAR100, "train.bin", POKE, 3074, BYTES("\24"), "at byte 3074: label 20, expected 0 to 19"},
    {CIFAR100, "train.bin", POKE, 1, BYTES("d"), "at byte 1: label 100, expected 0 to 99"},
    {CIFAR100, "train.bin", CUT, 0, NULL, 0, "empty"},
    {CIFAR100, "test.bin", CUT, 3073, NULL, 0, "records of 3074 bytes"},
    {CIFAR100, "fine_label_names.txt", POKE, 5, BYTES("\377"), "not plain UTF-8"},
    {IDX, "train-images-idx3-ubyte", POKE, 2, BYTES("\11"), "magic number 00000903, expected 00000803"},
    {IDX, "train-images-idx3-ubyte", POKE, 3, BYTES("\4"), "magic number"},
    {IDX, "train-images-idx3-ubyte", CUT, 100, NULL, 0, "announces 256 bytes, the file has 100"},
    {IDX, "train-images-idx3-ubyte", CUT, 6, NULL, 0, "ends too early"},
    {IDX, "train-images-idx3-ubyte", CUT, 0, NULL, 0, "at byte 0: file ends too early"},
    {IDX, "train-images-idx3-ubyte", APPEND, 0, BYTES("x"), "the file has 257"},
    {IDX, "train-images-idx3-ubyte", POKE, 4, BYTES("\0\0\0\0"), "at byte 4: dimension of 0"},
    {IDX, "train-images-idx3-ubyte", POKE, 4, BYTES("\377\377\377\377"), "announces"},
    {IDX, "train-images-idx3-ubyte", POKE, 4, BYTES("\0\0\2\0\0\0\20\0\0\0\20\0"), "at most 4294967296"},
    {IDX, "train-images-idx3-ubyte", POKE, 8, BYTES("\377\377\377\377\377\377\377\377"),
     "expected 1 to 4096"},
    {IDX, "train-images-idx3-ubyte", POKE, 8, BYTES("\0\0\20\1"), "at byte 8: dimension of 4097"},
    {IDX, "train-images-idx3-ubyte", FOLDER, 0, NULL, 0, "not a regular file"},
    {IDX, "train-images-idx3-ubyte", PIPE, 0, NULL, 0, "not a regular file"},
    {IDX, "train-labels-idx1-ubyte", POKE, 7, BYTES("\15"), "announces 21 bytes, the file has 20"},
    {IDX, "train-labels-idx1-ubyte", REPLACE, 0, BYTES("\0\0\10\1\0\0\0\2\0\1"), "2 labels for 12 images"},
    {IDX, "train-labels-idx1-ubyte", CUT, 15, NULL, 0, "the file has 15"},
    {IDX, "train-labels-idx1-ubyte", FOLDER, 0, NULL, 0, "not a regular file"},
    {IDX, "train-labels-idx1-ubyte", REMOVE, 0, NULL, 0, "no such file"},
    {IDX, "t10k-labels-idx1-ubyte", POKE, 10, BYTES("\11"), "at byte 10: label 9 of image 2"},
    {IDX, "t10k-labels-idx1-ubyte", POKE, 3, BYTES("\3"), "magic number"},
    {IDX, "t10k-images-idx3-ubyte", POKE, 11, BYTES("\4\0\0\0\5"),
     "images of 4x5, those to train on have 5x4"},
    {IDX, "t10k-images-idx3-ubyte", REMOVE, 0, NULL, 0, "no such file"},
    {IDX_GZ, "train-images-idx3-ubyte.gz", CUT, 60, NULL, 0, "ends too early"},
    {IDX_GZ, "train-images-idx3-ubyte.gz", CUT, 5, NULL, 0, "train-images"},
    {IDX_GZ, "train-images-idx3-ubyte.gz", CUT, -4, NULL, 0, "ends too early"},
    {IDX_GZ, "train-images-idx3-ubyte.gz", POKE, 10, BYTES("\377\377\377"), "damaged"},
    {IDX_GZ, "train-images-idx3-ubyte.gz", POKE, -8, BYTES("\1\2\3\4"), "data is damaged"},
    {IDX_GZ, "train-images-idx3-ubyte.gz", REPLACE, 0, BYTES("not compressed at all"), "magic number"},
    {PICTURES, "train/ant/a.png", CUT, 0, NULL, 0, "neither JPEG nor PNG"},
    {PICTURES, "train/ant/a.png", CUT, 30, NULL, 0, "cut short"},
    {PICTURES, "train/ant/a.png", CUT, -12, NULL, 0, "cut short"},
    {PICTURES, "train/ant/a.png", POKE, 50, BYTES("!"), "wrong CRC-32"},
    {PICTURES, "train/bee/b.png", REPLACE, 0, BYTES("GIF89a"), "neither JPEG nor PNG"},
    {PICTURES, "train/bee/b.png", FOLDER, 0, NULL, 0, "directory"},
    {PICTURES, "train/bee/b.png", REPLACE, 0, BYTES("\377\330\377\331"), "header is damaged"},
    {PICTURES, "train/bee/b.png", REPLACE, 0, BYTES("\377\330\377\300\0\1"), "impossible length"},
    {PICTURES, "train/bee/b.png", REPLACE, 0, BYTES("\377\330\377\377\377\300\377\377"), "cut short"},
    {PICTURES, "test/bee/a.jpg", CUT, 100, NULL, 0, "cut short"},
    {PICTURES, "test/bee/a.jpg", CUT, -2, NULL, 0, "cut short"},
    {PICTURES, "test/bee/a.jpg", CUT, 2, NULL, 0, "cut short"},
    {PICTURES, "test/bee/a.jpg", POKE, 2, BYTES("x"), "at byte 2: expected a JPEG marker"},
    {PICTURES, "test/bee/a.jpg", POKE, 80, BYTES("\377"), "impossible Huffman tables"},
};

static void overwrite(const char *path, long at, const char *bytes, size_t count) {
  FILE *file = fopen(path, "r+b");
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
  ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
  ck_assert_int_eq(fclose(file), 0);
}

static void damage(const char *file, action what, long at, const char *bytes, size_t count) {
  const char *path = path_of(folder, file);
  struct stat info;
  ck_assert_int_eq(stat(path, &info), 0);
  if (what == CUT) ck_assert_int_eq(truncate(path, at < 0 ? info.st_size + at : at), 0);
  if (what == POKE) overwrite(path, at, bytes, count);
  if (what == APPEND) overwrite(path, info.st_size, bytes, count);
  if (what == REPLACE || what == REMOVE || what == FOLDER || what == PIPE) ck_assert_int_eq(remove(path), 0);
  if (what == REPLACE) file_write(folder, file, bytes, count);
  if (what == FOLDER) ck_assert_int_eq(mkdir(path, 0777), 0);
  if (what == PIPE) ck_assert_int_eq(mkfifo(path, 0666), 0);
}

static void refused(const char *dataset, const char *file, const char *expected) {
  esp_error err = {0};
  esp_dataset *set = NULL;
  esp_data_options opt = options_for(dataset, folder);
  esp_status status = esp_dataset_load(&set, &opt, (esp_shape){0}, 1, &err);
  ck_assert_msg(status == ESP_ERR_INPUT || status == ESP_ERR_IO, "status %d: %s", status, err.text);
  ck_assert_int_eq(err.status, status);
  ck_assert_ptr_null(set);
  ck_assert_msg(strstr(err.text, file) != NULL, "'%s' does not name %s", err.text, file);
  ck_assert_msg(strstr(err.text, expected) != NULL, "'%s' lacks '%s'", err.text, expected);
}

START_TEST(damaged_file) {
  damages[_i].make();
  damage(damages[_i].file, damages[_i].action, damages[_i].at, damages[_i].bytes, damages[_i].count);
  refused(damages[_i].dataset, damages[_i].file, damages[_i].expected);
}
END_TEST

START_TEST(huge_pictures) {
  static const uint32_t sides[][2] = {{65535, 65535}, {8193, 1}, {1, 8193}, {0, 7}, {0xffffffff, 0xffffffff}};
  static const char jpeg[] = /* SOI, a baseline header of 65535x65535 in three components, EOI */
      "\377\330\377\300\0\21\10\377\377\377\377\3\1\42\0\2\21\1\3\21\1\377\331";
  pictures_make(folder);
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
    png_write_header(folder, "train/ant/a.png", sides[i][0], sides[i][1]);
    refused("folder", "train/ant/a.png", "more than 8192x8192 pixels");
  }
  png_write_header(folder, "train/ant/a.png", 8, 8);
  refused("folder", "train/ant/a.png", "unreadable picture"); /* no pixels in it */
  file_write(folder, "train/ant/a.png", jpeg, sizeof jpeg - 1);
  refused("folder", "train/ant/a.png", "more than 8192x8192 pixels");
}
END_TEST

/* The memory of this process, in KiB, at its highest. */
static long peak(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

START_TEST(gz_bombs) {
  enum { SWOLLEN = 32 << 20 };
  const char *file = "train-images-idx3-ubyte.gz";
  idx_make(folder, 1);
  long before = peak();
  /* 4 GiB announced, nothing there. */
  file_write_gz(folder, file, "\0\0\10\3\0\0\1\0\0\0\20\0\0\0\20\0", 16);
  refused("idx", file, "announces 4294967312 bytes");
  char *data = calloc(1, SWOLLEN);
  ck_assert_ptr_nonnull(data);
  /* 8 MiB announced, 8 MiB less one byte there. */
  memcpy(data, "\0\0\10\3\0\0\0\1\0\0\20\0\0\0\10\0", 16);
  file_write_gz(folder, file, data, (8 << 20) + 15);
  refused("idx", file, "at byte 8388623: file ends too early");
  /* Twenty bytes announced, 32 MiB there. */
  memcpy(data, "\0\0\10\3\0\0\0\1\0\0\0\5\0\0\0\4", 16);
  file_write_gz(folder, file, data, SWOLLEN);
  refused("idx", file, "at byte 36: more data");
  /* 64 MiB announced, 32 MiB there. */
  memcpy(data, "\0\0\10\3\0\0\0\4\0\0\20\0\0\0\20\0", 16);
  file_write_gz(folder, file, data, SWOLLEN);
  free(data);
  refused("idx", file, "announces");
  ck_assert_int_lt(peak() - before, 512 << 10);
}
END_TEST

START_TEST(folders_that_lack_something) {
  pictures_make(folder);
  mkdir(path_of(folder, "test/wasp"), 0777);
  refused("folder", "test/wasp", "no class of that name");
  mkdir(path_of(folder, "train/wasp"), 0777);
  refused("folder", "train/wasp", "no picture in it");
  file_write(folder, "train/wasp/a.gif", "GIF89a", 6);
  refused("folder", "train/wasp", "no picture in it");
  png_write_plain(folder, "train/wasp/a.png", 8, 8, 1, 2, 3);
  refused("folder", "test/wasp", "no picture in it");
  ck_assert_int_eq(rename(path_of(folder, "test"), path_of(folder, "elsewhere")), 0);
  refused("folder", "test", "cannot list");
  mkdir(path_of(folder, "test"), 0777);
  refused("folder", "test", "no class folder");
  ck_assert_int_eq(rename(path_of(folder, "train"), path_of(folder, "train-elsewhere")), 0);
  refused("folder", "train", "cannot list");
  file_write(folder, "train/ant/a.png", "", 0);
  refused("folder", "train", "1 folders in it");
  file_write(folder, "train/b\001ee/a.png", "", 0);
  refused("folder", "class name 'b ee'", "not plain");
}
END_TEST

/* Reads `bytes` of a file of the folder. */
static size_t slurp(const char *name, uint8_t *data, size_t bytes) {
  FILE *file = fopen(path_of(folder, name), "rb");
  ck_assert_ptr_nonnull(file);
  size_t got = fread(data, 1, bytes, file);
  fclose(file);
  return got;
}

/* Whatever the bytes, there is an answer, and a failure names the file. The sanitizers watch. */
START_TEST(random_bytes_in_pictures) {
  static uint8_t whole[65536], changed[65536];
  uint8_t rgb[9][3], pixels[3 * 8 * 8];
  for (int i = 0; i < 27; i++) rgb[i / 3][i % 3] = (uint8_t)esp_random(1, (uint64_t)i);
  jpeg_write(folder, "a.jpg", 3, 3, (const uint8_t(*)[3])rgb);
  size_t bytes = slurp("a.jpg", whole, sizeof whole);
  ck_assert_uint_lt(bytes, sizeof whole);
  for (uint64_t round = 0; round < 1000; round++) {
    memcpy(changed, whole, bytes);
    for (uint64_t i = 0; i < 1 + round % 4; i++)
      changed[esp_random_below(round + 2, 2 * i, (uint32_t)bytes)] =
          (uint8_t)esp_random(round + 2, 2 * i + 1);
    file_write(folder, "b.jpg", changed, bytes);
    esp_error err = {0};
    esp_status status = esp_picture_load(path_of(folder, "b.jpg"), (esp_shape){3, 8, 8}, pixels, &err);
    ck_assert(status == ESP_OK || (status == ESP_ERR_INPUT && strstr(err.text, "b.jpg")));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("damage");
  TCase *tests = tcase_create("files");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, damaged_file, 0, (int)(sizeof damages / sizeof *damages));
  tcase_add_test(tests, huge_pictures);
  tcase_add_test(tests, gz_bombs);
  tcase_add_test(tests, folders_that_lack_something);
  tcase_add_test(tests, random_bytes_in_pictures);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
