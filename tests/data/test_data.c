/* Reading data sets that are sound: every format, splits, limits, statistics, pictures, shapes. */
#include "files.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *folder;
static esp_dataset *set;
static esp_error err;

static void setup(void) {
  folder = folder_make();
}
static void teardown(void) {
  esp_dataset_free(set);
  set = NULL;
  folder_remove(folder);
}

START_TEST(table_of_options) {
  static const char *const names[] = {
      "dataset",    "path",         "validation", "train",       "test",        "tokens",
      "vocabulary", "length",       "rate",       "seconds",     "window",      "hop",
      "bands",      "layout",       "target",     "inputs",      "ignore",      "resident_mib",
      "augment",    "crop_padding", "crop_area",  "cutout_size", "shift",       "noise",
      "tasks",      "task_weights", "mean",       "std",         "target_mean", "target_std"};
  size_t n = 0;
  for (const esp_option *o = esp_data_option_table; o->name; o++, n++) {
    ck_assert_str_eq(o->name, names[n]);
    ck_assert_ptr_nonnull(o->fallback);
    ck_assert(o->help && o->help[0] && o->min <= o->max);
  }
  ck_assert_uint_eq(n, sizeof names / sizeof *names);
  ck_assert_str_eq(esp_data_option_table[0].fallback, "cifar10");
  size_t kinds = 0;
  while (esp_dataset_kind_at(kinds)) {
    ck_assert_str_eq(esp_data_option_table[0].choice(kinds), esp_dataset_kind_at(kinds)->name);
    kinds++;
  }
  ck_assert_uint_eq(kinds, 8);
  ck_assert_ptr_null(esp_data_option_table[0].choice(kinds));
  ck_assert_str_eq(esp_data_option_table[18].choice(3), "cutout");
  ck_assert_ptr_null(esp_data_option_table[18].choice(6));
}
END_TEST

START_TEST(cifar10) {
  cifar10_make(folder);
  esp_data_options opt = options_for("cifar10", folder);
  data_load(&set, &opt, 1);
  ck_assert(set->shape.channels == 3 && set->shape.height == 32 && set->shape.width == 32);
  ck_assert_uint_eq(set->train.count, 5 * CIFAR_RECORDS);
  ck_assert_uint_eq(set->test.count, CIFAR_RECORDS);
  ck_assert_uint_eq(set->validation.count, 0);
  ck_assert_int_eq(set->classes, 10);
  ck_assert_str_eq(set->class_name[0], "plane");
  ck_assert_str_eq(set->class_name[9], "lorry");
  bool same = true;
  for (int i = 0; i < 6 * CIFAR_RECORDS; i++) {
    int file = i / CIFAR_RECORDS, r = i % CIFAR_RECORDS;
    const esp_images *images = file == 5 ? &set->test : &set->train;
    int at = file == 5 ? r : i;
    same = same && images->labels[at] == cifar_label(file, r) % 10;
    for (int p = 0; p < 3072; p++)
      same = same && images->pixels[at * 3072 + p] == cifar_pixel(file, r, p);
  }
  ck_assert(same);
  ck_assert_int_eq(remove(path_of(folder, "batches.meta.txt")), 0);
  data_load(&set, &opt, 1);
  ck_assert_str_eq(set->class_name[0], "airplane");
  ck_assert_str_eq(set->class_name[9], "truck");
}
END_TEST

START_TEST(cifar100) {
  cifar100_make(folder);
  esp_data_options opt = options_for("cifar100", folder);
  data_load(&set, &opt, 1);
  ck_assert_int_eq(set->classes, 100);
  ck_assert_uint_eq(set->train.count, CIFAR100_RECORDS);
  ck_assert_str_eq(set->class_name[99], "name99");
  ck_assert_int_eq(set->train.labels[29], 29); /* the fine one: the coarse one is 9 */
  ck_assert_int_eq(set->train.pixels[29 * 3072], cifar_pixel(0, 29, 0));
  ck_assert_int_eq(set->test.pixels[5 * 3072 + 3071], cifar_pixel(1, 5, 3071));
  ck_assert_int_eq(remove(path_of(folder, "fine_label_names.txt")), 0);
  data_load(&set, &opt, 1);
  ck_assert_str_eq(set->class_name[99], "99");
}
END_TEST

START_TEST(idx) {
  idx_make(folder, _i);
  esp_data_options opt = options_for("idx", folder);
  data_load(&set, &opt, 1);
  ck_assert(set->shape.channels == 1 && set->shape.height == IDX_HEIGHT &&
            set->shape.width == IDX_WIDTH);
  ck_assert_int_eq(set->classes, IDX_CLASSES);
  ck_assert_str_eq(set->class_name[2], "2");
  ck_assert_uint_eq(set->train.count, IDX_TRAIN);
  ck_assert_uint_eq(set->test.count, IDX_TEST);
  for (int i = 0; i < IDX_TRAIN; i++) {
    ck_assert_int_eq(set->train.labels[i], idx_label(0, i));
    ck_assert_int_eq(set->train.pixels[i * IDX_HEIGHT * IDX_WIDTH + 3], idx_pixel(0, i, 3));
  }
  for (int i = 0; i < IDX_TEST; i++) {
    ck_assert_int_eq(set->test.labels[i], idx_label(1, i));
    ck_assert_int_eq(set->test.pixels[i * IDX_HEIGHT * IDX_WIDTH + 19], idx_pixel(1, i, 19));
  }
}
END_TEST

START_TEST(idx_of_fashion) {
  const char *fashion = path_of(folder, "My-Fashion-MNIST");
  esp_data_options opt = options_for("idx", fashion);
  char name[512];
  snprintf(name, sizeof name, "%s", fashion);
  ck_assert_int_eq(mkdir(name, 0777), 0);
  idx_make(name, 1);
  data_load(&set, &opt, 1);
  ck_assert_str_eq(set->class_name[0], "0"); /* three classes: not Fashion-MNIST after all */
  const uint8_t labels[8 + IDX_TRAIN] = {0, 0, 8, 1, 0, 0, 0, IDX_TRAIN, 9,
                                         8, 7, 6, 5, 4, 3, 2, 1,         0};
  file_write_gz(name, "train-labels-idx1-ubyte.gz", labels, sizeof labels);
  data_load(&set, &opt, 1);
  ck_assert_int_eq(set->classes, 10);
  ck_assert_str_eq(set->class_name[0], "T-shirt/top");
  ck_assert_str_eq(set->class_name[9], "Ankle boot");
}
END_TEST

START_TEST(idx_of_one_label) {
  idx_make(folder, 0);
  const uint8_t labels[8 + IDX_TRAIN] = {0, 0, 8, 1, 0, 0, 0, IDX_TRAIN};
  const uint8_t test_labels[8 + IDX_TEST] = {0, 0, 8, 1, 0, 0, 0, IDX_TEST, 1};
  file_write(folder, "train-labels-idx1-ubyte", labels, sizeof labels);
  file_write(folder, "t10k-labels-idx1-ubyte", test_labels, sizeof test_labels);
  esp_data_options opt = options_for("idx", folder);
  data_load(&set, &opt, 1);
  ck_assert_int_eq(set->classes, 2);
}
END_TEST

START_TEST(folder_of_pictures) {
  pictures_make(folder);
  file_write(folder, "train/ant/notes.txt", "no picture", 10);
  file_write(folder, "train/.hidden/a.png", "no picture", 10);
  file_write(folder, "train/list.csv", "no picture", 10);
  png_write_plain(folder, "train/ant/c.png", 8, 8, 1, 2, 3);
  ck_assert_int_eq(rename(path_of(folder, "train/ant/c.png"), path_of(folder, "train/ant/C.PnG")),
                   0);
  esp_data_options opt = options_for("folder", folder);
  data_load(&set, &opt, 1);
  ck_assert(set->shape.channels == 3 && set->shape.height == 32 && set->shape.width == 32);
  ck_assert_int_eq(set->classes, 2);
  ck_assert_str_eq(set->class_name[0], "ant");
  ck_assert_str_eq(set->class_name[1], "bee");
  static const uint8_t red[] = {1, 50, 60, 240, 250}; /* C.PnG sorts first */
  ck_assert_uint_eq(set->train.count, 5);
  for (int i = 0; i < 5; i++) {
    ck_assert_int_eq(set->train.labels[i], i >= 3);
    ck_assert_int_eq(set->train.pixels[i * 3072], red[i]);
    ck_assert_int_eq(set->train.pixels[i * 3072 + 1023], red[i]);
  }
  ck_assert_uint_eq(set->test.count, 2);
  ck_assert_int_le(abs(set->test.pixels[3072] - 245), 3); /* JPEG */
  ck_assert_int_le(abs(set->test.pixels[3072 + 2048] - 25), 3);
}
END_TEST

START_TEST(folder_in_the_wanted_shape) {
  pictures_make(folder);
  esp_data_options opt = options_for("folder", folder);
  ck_assert_int_eq(esp_dataset_load(&set, &opt, (esp_shape){1, 6, 10}, 1, &err), ESP_OK);
  ck_assert(set->shape.channels == 1 && set->shape.height == 6 && set->shape.width == 10);
  ck_assert_int_le(abs(set->train.pixels[0] - (50 * 77 + 10 * 150) / 256), 1); /* luma */
  esp_dataset *none;
  ck_assert_int_eq(esp_dataset_load(&none, &opt, (esp_shape){4, 8, 8}, 1, &err), ESP_ERR_INPUT);
  ck_assert_ptr_null(none);
}
END_TEST

static void picture(const char *name, esp_shape shape, uint8_t *pixels) {
  ck_assert_msg(esp_picture_load(path_of(folder, name), shape, pixels, &err) == ESP_OK, "%s",
                err.text);
}

START_TEST(picture_of_the_right_size_is_untouched) {
  uint8_t in[32 * 32 * 3], out[32 * 32 * 3];
  for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)(i * 37 + i / 96);
  png_write(folder, "a.png", 32, 32, 3, in);
  picture("a.png", (esp_shape){3, 32, 32}, out);
  bool same = true;
  for (int p = 0; p < 1024; p++)
    for (int c = 0; c < 3; c++) same = same && out[c * 1024 + p] == in[3 * p + c];
  ck_assert(same);
}
END_TEST

START_TEST(picture_is_scaled) {
  uint8_t in[64 * 64], out[3 * 16 * 16];
  for (int i = 0; i < 64 * 64; i++) in[i] = (uint8_t)(4 * (i % 64)); /* a ramp from left to right */
  png_write(folder, "ramp.png", 64, 64, 1, in);
  picture("ramp.png", (esp_shape){1, 16, 16}, out);
  for (int x = 2; x < 14; x++)
    ck_assert_int_eq(out[8 * 16 + x], 16 * x + 6); /* its value at the middle of four */
  png_write_plain(folder, "tiny.png", 1, 1, 9, 99, 199);
  picture("tiny.png", (esp_shape){3, 16, 16}, out);
  for (int i = 0; i < 256; i++) ck_assert(out[i] == 9 && out[256 + i] == 99 && out[512 + i] == 199);
  const uint8_t two[2] = {0, 200};
  png_write(folder, "two.png", 2, 1, 1, two);
  picture("two.png", (esp_shape){1, 2, 4}, out);
  for (int y = 0; y < 2; y++) { /* bilinear: 0, 1/4, 3/4, 1 of the way */
    static const uint8_t expected[] = {0, 50, 150, 200};
    ck_assert_int_eq(memcmp(out + 4 * y, expected, 4), 0);
  }
}
END_TEST

START_TEST(picture_is_cut_in_the_middle) {
  static uint8_t in[96 * 32], out[32 * 32];
  for (int i = 0; i < 96 * 32; i++)
    in[i] = i % 96 < 32 ? 10 : i % 96 < 64 ? 120 : 250; /* three squares */
  png_write(folder, "wide.png", 96, 32, 1, in);
  picture("wide.png", (esp_shape){1, 32, 32}, out);
  for (int i = 0; i < 32 * 32; i++) ck_assert_int_eq(out[i], 120);
  png_write(folder, "tall.png", 32, 96, 1, in);
  picture("tall.png", (esp_shape){1, 32, 32}, out);
  ck_assert_int_eq(memcmp(out, in + 32 * 32, sizeof out), 0);
  png_write_plain(folder, "line.png", 8192, 1, 7, 7, 7);
  picture("line.png", (esp_shape){1, 32, 32}, out);
  ck_assert_int_eq(out[31 * 32 + 31], 7);
  png_write_plain(folder, "column.png", 3, 8000, 7, 7, 7);
  picture("column.png", (esp_shape){1, 32, 32}, out);
  ck_assert_int_eq(out[31 * 32 + 31], 7);
}
END_TEST

START_TEST(picture_in_jpeg) {
  static const uint8_t rgb[][3] = {{255, 0, 0},    {0, 255, 0}, {0, 0, 255},
                                   {90, 120, 150}, {0, 0, 0},   {255, 255, 255}};
  uint8_t out[3 * 16 * 24];
  jpeg_write(folder, "a.JPEG", 3, 2, rgb);
  picture("a.JPEG", (esp_shape){3, 16, 24}, out);
  for (int i = 0; i < 3 * 16 * 24; i++) {
    int c = i / (16 * 24), y = i % (16 * 24) / 24, x = i % 24;
    ck_assert_int_le(abs(out[i] - rgb[y / 8 * 3 + x / 8][c]), 3);
  }
}
END_TEST

START_TEST(shapes) {
  esp_data_options opt = options_for("shapes", "");
  data_load(&set, &opt, 1);
  ck_assert_uint_eq(set->train.count, 10000);
  ck_assert_uint_eq(set->test.count, 2000);
  ck_assert_int_eq(set->classes, 10);
  int seen[10] = {0};
  for (int i = 0; i < 2000; i++) seen[set->test.labels[i]]++;
  for (int c = 0; c < 10; c++) ck_assert_int_gt(seen[c], 140);
  uint64_t hash = hash_of(set->train.pixels, set->train.count * (size_t)3072, HASH_START);
  hash = hash_of(set->train.labels, set->train.count * sizeof(int32_t), hash);
  hash = hash_of(set->test.pixels, set->test.count * (size_t)3072, hash);
  ck_assert_msg(hash == 0xa8d42b597a45281du, "the bytes of shapes have changed: hash %016llx",
                (unsigned long long)hash);
}
END_TEST

START_TEST(shapes_are_a_function_of_seed_and_index) {
  esp_data_options opt = options_for("shapes", "");
  opt.train = 50;
  opt.test = 20;
  data_load(&set, &opt, 7);
  esp_dataset *few = set, *other = NULL;
  ck_assert_uint_eq(few->train.count, 50);
  opt.train = 80;
  ck_assert_int_eq(esp_dataset_load(&other, &opt, (esp_shape){1, 8, 8}, 7, &err), ESP_OK);
  ck_assert_int_eq(memcmp(few->train.pixels, other->train.pixels, 50 * 3072), 0);
  ck_assert_int_eq(memcmp(few->test.pixels, other->test.pixels, 20 * 3072), 0);
  ck_assert_int_ne(memcmp(few->test.pixels, few->train.pixels, 3072), 0);
  esp_dataset_free(other);
  ck_assert_int_eq(esp_dataset_load(&other, &opt, (esp_shape){0}, 8, &err), ESP_OK);
  ck_assert_int_ne(memcmp(few->train.pixels, other->train.pixels, 3072), 0);
  esp_dataset_free(other);
  opt.train = 1000001;
  data_refused(&opt, "1000001");
}
END_TEST

/* The position, in CIFAR-10's files, of an image of one of the tests' sets. */
static int origin(const esp_images *images, uint32_t i) {
  for (int file = 0; file < 6; file++)
    for (int r = 0; r < CIFAR_RECORDS; r++)
      if (images->pixels[i * 3072] == cifar_pixel(file, r, 0) &&
          images->labels[i] == cifar_label(file, r) % 10)
        return cifar_label(file, r);
  return -1;
}

START_TEST(split_is_disjoint_complete_and_stable) {
  cifar10_make(folder);
  esp_data_options opt = options_for("cifar10", folder);
  opt.validation = 6;
  int chosen[3][6];
  for (int run = 0; run < 3; run++) {
    data_load(&set, &opt, run == 2 ? 99 : 5);
    ck_assert_uint_eq(set->train.count, 14);
    ck_assert_uint_eq(set->validation.count, 6);
    int seen[20] = {0}, last = -1;
    for (uint32_t i = 0; i < 14; i++) {
      ck_assert_int_gt(origin(&set->train, i), last); /* in the files' order */
      seen[last = origin(&set->train, i)]++;
    }
    for (uint32_t i = 0; i < 6; i++) seen[chosen[run][i] = origin(&set->validation, i)]++;
    for (int i = 0; i < 20; i++) ck_assert_int_eq(seen[i], 1);
  }
  ck_assert_int_eq(memcmp(chosen[0], chosen[1], sizeof chosen[0]), 0);
  ck_assert_int_ne(memcmp(chosen[0], chosen[2], sizeof chosen[0]), 0);
}
END_TEST

START_TEST(limits) {
  cifar10_make(folder);
  esp_data_options opt = options_for("cifar10", folder);
  opt.train = 10;
  opt.test = 2;
  opt.validation = 3;
  data_load(&set, &opt, 5);
  ck_assert_uint_eq(set->train.count, 7);
  ck_assert_uint_eq(set->validation.count, 3);
  ck_assert_uint_eq(set->test.count, 2);
  opt.validation = 10;
  data_refused(&opt, "data.validation: 10");
  opt.validation = -1;
  data_refused(&opt, "data.validation: -1");
  opt.validation = 9;
  opt.train = 21;
  data_refused(&opt, "data.train: 21");
  opt.train = 10;
  opt.test = 5;
  data_refused(&opt, "data.test: 5");
}
END_TEST

/* An IDX set of `count` training images of one pixel, their number, sorted by class; class c has
 * have[c] of them, and three test images. */
static void make_sorted(const int *have, int classes) {
  uint8_t images[16 + 250] = {0, 0, 8, 3}, labels[8 + 250] = {0, 0, 8, 1};
  uint32_t count = 0;
  for (int c = 0; c < classes; c++)
    for (int i = 0; i < have[c]; i++, count++) {
      images[16 + count] = (uint8_t)count;
      labels[8 + count] = (uint8_t)c;
    }
  put_big_endian(images + 4, count);
  put_big_endian(images + 8, 1);
  put_big_endian(images + 12, 1);
  put_big_endian(labels + 4, count);
  file_write(folder, "train-images-idx3-ubyte", images, 16 + count);
  file_write(folder, "train-labels-idx1-ubyte", labels, 8 + count);
  file_write(folder, "t10k-images-idx3-ubyte", images, 16 + count);
  file_write(folder, "t10k-labels-idx1-ubyte", labels, 8 + count);
}

/* How many images of class c there are. */
static int of_class(const esp_images *images, int c) {
  int n = 0;
  for (uint32_t i = 0; i < images->count; i++) n += images->labels[i] == c;
  return n;
}

START_TEST(limited_sets_have_each_class_in_proportion) {
  /* 100 images; a tenth is 5, 3, 1.5, 0.5: the first of the two equal remainders gets the tenth. */
  make_sorted((const int[]){50, 30, 15, 5}, 4);
  esp_data_options opt = options_for("idx", folder);
  opt.train = 10;
  opt.test = 20;
  data_load(&set, &opt, 5);
  ck_assert_uint_eq(set->train.count, 10);
  const int share[] = {5, 3, 2, 0}, twice[] = {10, 6, 3, 1};
  for (int c = 0; c < 4; c++) {
    ck_assert_int_eq(of_class(&set->train, c), share[c]);
    ck_assert_int_eq(of_class(&set->test, c), twice[c]);
  }
}
END_TEST

START_TEST(limited_sets_are_drawn_by_the_seed) {
  make_sorted((const int[]){100, 100}, 2);
  esp_data_options opt = options_for("idx", folder);
  opt.train = opt.test = 40;
  uint8_t train[3][40], test[3][40];
  for (int run = 0; run < 3; run++) {
    data_load(&set, &opt, run == 2 ? 99 : 5);
    memcpy(train[run], set->train.pixels, 40);
    memcpy(test[run], set->test.pixels, 40);
    for (int i = 1; i < 40; i++) ck_assert_int_lt(train[run][i - 1], train[run][i]);
  }
  ck_assert_mem_eq(train[0], train[1], 40);
  ck_assert_mem_ne(train[0], train[2], 40);
  ck_assert_mem_eq(test[0], test[2], 40); /* results of several seeds compare */
}
END_TEST

START_TEST(statistics) {
  cifar10_make(folder);
  esp_data_options opt = options_for("cifar10", folder);
  opt.validation = 4;
  data_load(&set, &opt, 3);
  for (int c = 0; c < 3; c++) {
    double sum = 0.0, squares = 0.0, n = set->train.count * 1024.0;
    for (uint32_t i = 0; i < set->train.count; i++)
      for (int p = 0; p < 1024; p++)
        sum += set->train.pixels[i * 3072 + (uint32_t)(c * 1024 + p)] / 255.0;
    for (uint32_t i = 0; i < set->train.count; i++)
      for (int p = 0; p < 1024; p++)
        squares += pow(set->train.pixels[i * 3072 + (uint32_t)(c * 1024 + p)] / 255.0 - sum / n, 2);
    ck_assert_double_eq_tol(set->mean[c], sum / n, 1e-6);
    ck_assert_double_eq_tol(set->std[c], sqrt(squares / n), 1e-6);
  }
  opt.mean = (esp_numbers){{0.25, 0.5, 0.75}, 3};
  data_load(&set, &opt, 3);
  ck_assert(set->mean[0] == 0.25f && set->mean[2] == 0.75f && set->std[0] > 0.1f);
  opt.std = (esp_numbers){{0.5, 2.0, 1.0}, 3};
  data_load(&set, &opt, 3);
  ck_assert(set->mean[1] == 0.5f && set->std[1] == 2.0f);
  opt.std.count = 2;
  data_refused(&opt, "data.std: 2 numbers for images of 3 channels");
  opt.std = (esp_numbers){{0.5, 0.0, 1.0}, 3};
  data_refused(&opt, "data.std");
  opt.mean.count = 1;
  data_refused(&opt, "data.mean: 1 numbers");
}
END_TEST

START_TEST(constant_images_have_a_deviation) {
  png_write_plain(folder, "train/a/1.png", 4, 4, 51, 0, 255);
  png_write_plain(folder, "train/b/1.png", 4, 4, 51, 0, 255);
  png_write_plain(folder, "test/b/1.png", 4, 4, 51, 0, 255);
  esp_data_options opt = options_for("folder", folder);
  data_load(&set, &opt, 1);
  static const float mean[] = {0.2f, 0.0f, 1.0f};
  for (int c = 0; c < 3; c++)
    ck_assert(set->mean[c] == mean[c] && set->std[c] == (float)(1.0 / 255.0));
}
END_TEST

START_TEST(what_is_asked_for_must_exist) {
  esp_data_options opt = options_for("cifar11", folder);
  data_refused(&opt, "cifar11");
  static const char *const with_files[] = {"cifar10", "cifar100", "idx", "folder"};
  for (size_t i = 0; i < 4; i++) {
    opt = options_for(with_files[i], "");
    data_refused(&opt, "data.path");
    opt = options_for(with_files[i], path_of(folder, "none"));
    data_refused(&opt, "none: no such folder");
  }
  file_write(folder, "file", "", 0);
  opt = options_for("cifar10", path_of(folder, "file"));
  data_refused(&opt, "file: no such folder");
  opt.dataset = NULL;
  data_refused(&opt, "unknown data set");
  esp_dataset_free(NULL);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("data");
  TCase *tests = tcase_create("sets");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, table_of_options);
  tcase_add_test(tests, cifar10);
  tcase_add_test(tests, cifar100);
  tcase_add_loop_test(tests, idx, 0, 3);
  tcase_add_test(tests, idx_of_fashion);
  tcase_add_test(tests, idx_of_one_label);
  tcase_add_test(tests, folder_of_pictures);
  tcase_add_test(tests, folder_in_the_wanted_shape);
  tcase_add_test(tests, picture_of_the_right_size_is_untouched);
  tcase_add_test(tests, picture_is_scaled);
  tcase_add_test(tests, picture_is_cut_in_the_middle);
  tcase_add_test(tests, picture_in_jpeg);
  tcase_add_test(tests, shapes);
  tcase_add_test(tests, shapes_are_a_function_of_seed_and_index);
  tcase_add_test(tests, split_is_disjoint_complete_and_stable);
  tcase_add_test(tests, limits);
  tcase_add_test(tests, limited_sets_have_each_class_in_proportion);
  tcase_add_test(tests, limited_sets_are_drawn_by_the_seed);
  tcase_add_test(tests, statistics);
  tcase_add_test(tests, constant_images_have_a_deviation);
  tcase_add_test(tests, what_is_asked_for_must_exist);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
