/* Damaged data files: each is refused, by a message that names the file. */
#include "damages.h"
#include "files.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char *folder;

static void setup(void) {
  folder = folder_make();
}
static void teardown(void) {
  folder_remove(folder);
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
  const damage *d = damage_at((size_t)_i);
  damage_make((size_t)_i, folder);
  refused(d->dataset, d->file, d->expected);
}
END_TEST

START_TEST(huge_pictures) {
  static const uint32_t sides[][2] = {
      {65535, 65535}, {8193, 1}, {1, 8193}, {0, 7}, {0xffffffff, 0xffffffff}};
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

/* Behind compressed data may stand more of it, as gzip itself allows, and nothing else. */
START_TEST(what_stands_behind_gz) {
  static const char *const behind[] = {"x", "garbage", "\x1f\x1f\x1f"};
  static const char *const file = "train-images-idx3-ubyte.gz";
  const uint8_t header[16] = {0, 0, 8, 3,          0, 0, 0, IDX_TRAIN,
                              0, 0, 0, IDX_HEIGHT, 0, 0, 0, IDX_WIDTH};
  const uint8_t pixels[IDX_TRAIN * IDX_HEIGHT * IDX_WIDTH] = {1, 2, 3};
  for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
    idx_make(folder, 1);
    FILE *f = fopen(path_of(folder, file), "ab");
    ck_assert(f && fputs(behind[i], f) >= 0 && fclose(f) == 0);
    refused("idx", file, "behind the end of its compressed data");
  }
  idx_make(folder, 1);
  file_write_gz(folder, file, header, sizeof header);
  gzFile more = gzopen(path_of(folder, file), "ab9");
  ck_assert(more && gzwrite(more, pixels, sizeof pixels) > 0 && gzclose(more) == Z_OK);
  esp_error err = {0};
  esp_dataset *set = NULL;
  const esp_data_options opt = options_for("idx", folder);
  ck_assert_msg(esp_dataset_load(&set, &opt, (esp_shape){0}, 1, &err) == ESP_OK, "%s", err.text);
  ck_assert_mem_eq(set->train.pixels, pixels, sizeof pixels);
  esp_dataset_free(set);
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
  refused("folder", "class name 'b\\x01ee'", "not plain");
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
    esp_status status =
        esp_picture_load(path_of(folder, "b.jpg"), (esp_shape){3, 8, 8}, pixels, &err);
    ck_assert(status == ESP_OK || (status == ESP_ERR_INPUT && strstr(err.text, "b.jpg")));
  }
}
END_TEST

/* So that all can be mended before the next start. */
START_TEST(all_bad_pictures_are_named_at_once) {
  pictures_make(folder);
  file_write(folder, "train/ant/x.png", "no picture", 10);
  file_write(folder, "test/bee/y.jpg", "nor this", 8);
  esp_data_options opt = options_for("folder", folder);
  esp_dataset *set;
  esp_error err = {0};
  ck_assert_int_eq(esp_dataset_load(&set, &opt, (esp_shape){0}, 1, &err), ESP_ERR_INPUT);
  ck_assert_msg(strncmp(err.text, "2 of 8 pictures cannot be read: ", 32) == 0, "%s", err.text);
  ck_assert_ptr_nonnull(strstr(err.text, "train/ant/x.png: at byte 0: neither JPEG nor PNG; "));
  ck_assert_ptr_nonnull(strstr(err.text, "test/bee/y.jpg: at byte 0: neither JPEG nor PNG"));
  for (int i = 0; i < 40; i++) {
    char name[64];
    snprintf(name, sizeof name, "train/bee/z%02d.png", i);
    file_write(folder, name, "no picture", 10);
  }
  ck_assert_int_eq(esp_dataset_load(&set, &opt, (esp_shape){0}, 1, &err), ESP_ERR_INPUT);
  ck_assert_msg(strncmp(err.text, "42 of 48 pictures cannot be read: ", 34) == 0, "%s", err.text);
  ck_assert_str_eq(err.text + strlen(err.text) - strlen("; and others"), "; and others");
}
END_TEST

int main(void) {
  int damages = 0;
  while (damage_at((size_t)damages)) damages++;
  Suite *suite = suite_create("damage");
  TCase *tests = tcase_create("files");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, damaged_file, 0, damages);
  tcase_add_test(tests, huge_pictures);
  tcase_add_test(tests, gz_bombs);
  tcase_add_test(tests, what_stands_behind_gz);
  tcase_add_test(tests, folders_that_lack_something);
  tcase_add_test(tests, all_bad_pictures_are_named_at_once);
  tcase_add_test(tests, random_bytes_in_pictures);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
