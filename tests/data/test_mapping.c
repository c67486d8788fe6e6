/* Pictures that lie in a file instead of memory are the same data set; windows of pictures. */
#include "files.h"
#include "suite.h"

#include "data/mapping.h"
#include "data/scale.h"
#include "data/set.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder, *scratch;
static esp_error err;

static void setup(void) {
  folder = folder_make();
  scratch = folder_make();
  setenv("TMPDIR", scratch, 1);
}

static void teardown(void) {
  folder_remove(folder);
  folder_remove(scratch);
}

/* ---- the file ---- */

static uint8_t pattern(size_t i) {
  return (uint8_t)(i * 7 + i / 4096);
}

/* Three times as much as may be resident, written, grown and read again. */
START_TEST(values_survive_leaving_memory) {
  enum { STEP = 1 << 16, FIRST = 48 * STEP, ALL = 64 * STEP };
  esp_images images = {0};
  ck_assert(esp__images_map(&images, (size_t)1 << 20, &err) == ESP_OK);
  ck_assert(esp__values_resize(&images, FIRST, "x", &err) == ESP_OK);
  for (size_t i = 0; i < FIRST; i++) {
    images.pixels[i] = pattern(i);
    if (i % STEP == 0) esp__values_touched(&images, STEP);
  }
  ck_assert(esp__values_resize(&images, ALL, "x", &err) == ESP_OK);
  ck_assert(esp__values_resize(&images, FIRST, "x", &err) == ESP_OK); /* gives nothing away */
  for (size_t i = FIRST; i < ALL; i++) images.pixels[i] = pattern(i);
  for (size_t i = 0; i < ALL; i++) {
    if (images.pixels[i] != pattern(i)) ck_abort_msg("byte %zu", i);
    if (i % STEP == 0) esp__values_touched(&images, STEP);
  }
  esp__images_free(&images);
}
END_TEST

/* Bytes of files that this process has mapped and resident. */
static size_t mapped_bytes(void) {
  size_t all, resident, shared = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  ck_assert(f && fscanf(f, "%zu %zu %zu", &all, &resident, &shared) == 3);
  fclose(f);
  return shared * 4096;
}

/* Pictures read here and there: the system maps more than what is read, but no more than is
 * counted, also where the file has huge pages. */
START_TEST(no_more_is_resident_than_was_asked_for) {
  enum { PICTURE = 27648, COUNT = 3000, READS = 600, RESIDENT = 8 << 20 };
  esp_images images = {0};
  size_t most = 0;
  ck_assert(esp__images_map(&images, RESIDENT, &err) == ESP_OK);
  ck_assert(esp__values_resize(&images, (size_t)PICTURE * COUNT, "x", &err) == ESP_OK);
  for (size_t i = 0; i < COUNT; i++) {
    memset(images.pixels + i * PICTURE, (int)(i % 251), PICTURE);
    esp__values_touched(&images, PICTURE);
  }
  const size_t before = mapped_bytes();
  for (size_t i = 0; i < READS; i++) {
    const size_t number = i * 1009 % COUNT;
    for (size_t k = 0; k < PICTURE; k += 512)
      ck_assert_uint_eq(images.pixels[number * PICTURE + k], number % 251);
    esp__values_touched(&images, PICTURE);
    most = mapped_bytes() > most ? mapped_bytes() : most;
  }
  ck_assert_msg(most < before + RESIDENT + RESIDENT / 4, "%zu bytes", most - before);
  esp__images_free(&images);
}
END_TEST

/* Nothing is left of it, also while it is there. */
START_TEST(the_file_has_no_name) {
  esp_images images = {0};
  ck_assert(esp__images_map(&images, 1 << 20, &err) == ESP_OK);
  DIR *d = opendir(scratch);
  int names = 0;
  while (readdir(d)) names++;
  closedir(d);
  ck_assert_int_eq(names, 2); /* . and .. */
  esp__images_free(&images);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named) {
  esp_images images = {0};
  setenv("TMPDIR", "/nowhere/at/all", 1);
  ck_assert(esp__images_map(&images, 1 << 20, &err) == ESP_ERR_IO);
  ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all: cannot make a temporary file"));
  ck_assert_ptr_nonnull(strstr(err.text, "TMPDIR names another folder"));
  ck_assert_ptr_null(images.mapping);
}
END_TEST

/* ---- a data set in it ---- */

/* 40 pictures of each of two classes, of which a fifth is to test on. */
static void many_pictures(void) {
  char name[32];
  for (int i = 0; i < 80; i++) {
    snprintf(name, sizeof name, "%s/%02d.png", i % 2 ? "ant" : "bee", i);
    png_write_plain(folder, name, 8, 8, (uint8_t)(3 * i), (uint8_t)(255 - i), (uint8_t)(i * i));
  }
}

static esp_dataset *load(int64_t resident_mib) {
  esp_data_options opt = options_for("folder", folder);
  esp_dataset *set;
  opt.resident_mib = resident_mib;
  opt.validation = 10;
  opt.train = 50;
  const esp_shape wanted = {3, 96, 96, 0}; /* 50 of these take 1.3 MiB */
  ck_assert_msg(esp_dataset_load(&set, &opt, wanted, 3, &err) == ESP_OK, "%s", err.text);
  return set;
}

START_TEST(the_data_set_is_the_same) {
  many_pictures();
  esp_dataset *memory = load(0), *file = load(1);
  esp_dataset_digests a, b;
  ck_assert(memory->train.mapping == NULL && file->train.mapping != NULL);
  ck_assert(file->train.count == 40 && file->validation.count == 10 && file->test.count == 16);
  ck_assert(esp_dataset_digest(memory, &a, &err) == ESP_OK);
  ck_assert(esp_dataset_digest(file, &b, &err) == ESP_OK);
  ck_assert_str_eq(a.images, b.images);
  ck_assert_str_eq(a.labels, b.labels);
  for (int c = 0; c < 3; c++)
    ck_assert(memory->mean[c] == file->mean[c] && memory->std[c] == file->std[c]);
  esp_dataset_free(memory);
  esp_dataset_free(file);
}
END_TEST

/* Epochs of batches, while all of it goes out of memory again and again. */
START_TEST(batches_are_the_same) {
  many_pictures();
  esp_dataset *set[2] = {load(0), load(1)};
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) {
    esp_loader *loader;
    const esp_loader_options opt = {
        .batch = 16, .shuffle = true, .flip = true, .crop_area = 0.25, .seed = 5};
    ck_assert(esp_loader_new(&loader, set[k], &set[k]->train, opt, &err) == ESP_OK);
    hash[k] = HASH_START;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
      const esp_batch *b;
      esp_loader_start(loader, epoch, 0);
      while ((b = esp_loader_next(loader)))
        hash[k] =
            hash_of(b->images, (size_t)b->count / 16 * 16 * 3 * 96 * 96 * sizeof(float), hash[k]);
    }
    esp_loader_free(loader);
    esp_dataset_free(set[k]);
  }
  ck_assert_uint_eq(hash[0], hash[1]);
}
END_TEST

/* ---- windows ---- */

static void scaled_to(esp__crop w, esp_shape shape, const uint8_t *expected) {
  static const uint8_t ramp[4 * 4] = {0,  40, 80,  120, 10, 50, 90,  130,
                                      20, 60, 100, 140, 30, 70, 110, 150};
  uint8_t to[16];
  esp__scale(&(esp__source){ramp, 1, 4, 4}, w, shape, to);
  for (int i = 0; i < shape.height * shape.width; i++)
    ck_assert_msg(to[i] == expected[i], "pixel %d: %d, expected %d", i, to[i], expected[i]);
}

/* A row is 40 a pixel across, a column 10 down. Inside, a ramp stays one. */
START_TEST(windows_by_hand) {
  scaled_to((esp__crop){1, 1, 2, 2}, (esp_shape){1, 2, 2, 0}, (uint8_t[]){50, 90, 60, 100});
  scaled_to((esp__crop){1, 1, 2, 2}, (esp_shape){1, 1, 1, 0}, (uint8_t[]){75});
  scaled_to((esp__crop){1, 1, 1, 2}, (esp_shape){1, 1, 4, 0}, (uint8_t[]){40, 60, 80, 100});
  scaled_to((esp__crop){0.5, 1, 1, 1}, (esp_shape){1, 1, 1, 0}, (uint8_t[]){45});
}
END_TEST

/* Of a ramp from 0 to 95 across, 16 windows in each of 8 epochs: all lie inside, no two images or
 * epochs have the same, and their widths are those of shares from 0.25 to 1, proportions 3:4 to
 * 4:3. */
START_TEST(resized_crops_show_windows) {
  enum { SIDE = 96, COUNT = 16 };
  static uint8_t pixels[COUNT * SIDE * SIDE];
  static int32_t labels[COUNT];
  double narrowest = SIDE, widest = 0.0, before = -1.0;
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i % SIDE);
  const esp_images images = {.pixels = pixels, .labels = labels, .count = COUNT};
  const esp_dataset set = {.shape = {1, SIDE, SIDE, 0}, .classes = 1, .std = {1.0f / 255.0f}};
  esp_loader *loader;
  const esp_loader_options opt = {.batch = COUNT, .crop_area = 0.25, .seed = 1};
  ck_assert(esp_loader_new(&loader, &set, &images, opt, &err) == ESP_OK);
  for (uint64_t epoch = 0; epoch < 8; epoch++) {
    esp_loader_start(loader, epoch, 0);
    const float *row = esp_loader_next(loader)->images;
    for (int lane = 0; lane < COUNT; lane++) {
      const double first = (double)row[lane], last = (double)row[(SIDE - 1) * ESP_LANES + lane],
                   width = (last - first) * SIDE / (SIDE - 1) + 1.0;
      ck_assert(first >= 0.0 && last <= SIDE - 1);
      ck_assert(first * SIDE + last != before);
      before = first * SIDE + last;
      narrowest = fmin(narrowest, width);
      widest = fmax(widest, width);
    }
  }
  ck_assert_msg(narrowest > 0.5 * sqrt(0.75) * SIDE - 3 && narrowest < 0.62 * SIDE, "%g",
                narrowest);
  ck_assert_msg(widest > 0.88 * SIDE && widest <= SIDE + 2, "%g", widest);
  esp_loader_free(loader);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("mapping");
  TCase *t = tcase_create("mapping");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_set_timeout(t, 60);
  tcase_add_test(t, values_survive_leaving_memory);
  tcase_add_test(t, no_more_is_resident_than_was_asked_for);
  tcase_add_test(t, the_file_has_no_name);
  tcase_add_test(t, a_folder_that_is_not_there_is_named);
  tcase_add_test(t, the_data_set_is_the_same);
  tcase_add_test(t, batches_are_the_same);
  tcase_add_test(t, windows_by_hand);
  tcase_add_test(t, resized_crops_show_windows);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
