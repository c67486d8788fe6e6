/* Batches: layout, normalisation, order, augmentation, and that neither time nor place of a start
 * changes them. */
#include "files.h"
#include "suite.h"

#include <espalier/tensor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 53, HEIGHT = 6, WIDTH = 7, PLANE = HEIGHT * WIDTH, IMAGE = 3 * PLANE };

static uint8_t pixels[COUNT * IMAGE];
static int32_t labels[COUNT];
static const esp_images images = {.pixels = pixels, .labels = labels, .count = COUNT};
static const esp_dataset set = {.shape = {3, HEIGHT, WIDTH},
                                .classes = COUNT,
                                .mean = {0.5f, 0.25f, 0.125f},
                                .std = {0.5f, 1.0f, 0.1f}};
static esp_error err;

/* No two pixels of an image are alike, none is black, and labels number the images. */
static void setup(void) {
  for (int i = 0; i < COUNT; i++) {
    labels[i] = i;
    for (int p = 0; p < IMAGE; p++) pixels[i * IMAGE + p] = (uint8_t)(1 + (i * 13 + p) % 254);
  }
}

static esp_loader *make(esp_loader_options opt) {
  esp_loader *loader = NULL;
  ck_assert_msg(esp_loader_new(&loader, &set, &images, opt, &err) == ESP_OK, "%s", err.text);
  return loader;
}

static float at(const esp_batch *batch, int image, int c, int y, int x) {
  int pixel = (c * HEIGHT + y) * WIDTH + x;
  return batch->images[((image / ESP_LANES) * IMAGE + pixel) * ESP_LANES + image % ESP_LANES];
}

static float normal(int c, int byte) {
  return (float)((byte / 255.0 - (double)set.mean[c]) / (double)set.std[c]);
}

/* Image `i` as it is in the set. */
static int source(int i, int c, int y, int x) {
  return pixels[i * IMAGE + c * PLANE + y * WIDTH + x];
}

START_TEST(layout_and_normalisation) {
  esp_loader *loader = make((esp_loader_options){.batch = 20});
  ck_assert_int_eq(esp_loader_batches(loader), 3);
  ck_assert_ptr_null(esp_loader_next(loader)); /* not started */
  esp_loader_start(loader, 0, 0);
  for (int b = 0; b < 3; b++) {
    const esp_batch *batch = esp_loader_next(loader);
    ck_assert_ptr_nonnull(batch);
    ck_assert_int_eq(batch->count, b == 2 ? 13 : 20);
    ck_assert_uint_eq((uintptr_t)batch->images % 64, 0);
    bool right = true;
    for (int i = 0; i < esp_blocks_for(batch->count) * ESP_LANES; i++)
      for (int p = 0; p < IMAGE; p++) {
        int c = p / PLANE, y = p % PLANE / WIDTH, x = p % WIDTH;
        float expected = i < batch->count ? normal(c, source(b * 20 + i, c, y, x)) : 0.0f;
        right = right && at(batch, i, c, y, x) == expected;
      }
    ck_assert(right);
    for (int i = 0; i < batch->count; i++) ck_assert_int_eq(batch->labels[i], b * 20 + i);
  }
  ck_assert_ptr_null(esp_loader_next(loader));
  ck_assert_ptr_null(esp_loader_next(loader));
  esp_loader_free(loader);
  ck_assert(normal(0, 255) == 1.0f && normal(0, 0) == -1.0f &&
            normal(1, 51) == (float)(0.2 - 0.25));
}
END_TEST

/* The labels of an epoch, -1 after the last. */
static void read_labels(esp_loader *loader, uint64_t epoch, int *seen) {
  int n = 0;
  esp_loader_start(loader, epoch, 0);
  for (const esp_batch *batch; (batch = esp_loader_next(loader)) != NULL;)
    for (int i = 0; i < batch->count; i++) seen[n++] = batch->labels[i];
  ck_assert_int_eq(n, COUNT);
}

START_TEST(shuffle) {
  esp_loader *loader = make((esp_loader_options){.batch = 8, .shuffle = true, .seed = 4});
  int seen[3][COUNT], again[COUNT], times[COUNT] = {0};
  for (int epoch = 0; epoch < 3; epoch++) {
    read_labels(loader, (uint64_t)epoch, seen[epoch]);
    for (int i = 0; i < COUNT; i++) times[seen[epoch][i]]++;
  }
  for (int i = 0; i < COUNT; i++) ck_assert_int_eq(times[i], 3);
  ck_assert_int_ne(memcmp(seen[0], seen[1], sizeof again), 0);
  ck_assert_int_ne(memcmp(seen[1], seen[2], sizeof again), 0);
  read_labels(loader, 1, again);
  ck_assert_int_eq(memcmp(seen[1], again, sizeof again), 0);
  esp_loader_free(loader);
  loader = make((esp_loader_options){.batch = 8, .shuffle = true, .seed = 5});
  read_labels(loader, 1, again);
  ck_assert_int_ne(memcmp(seen[1], again, sizeof again), 0);
  esp_loader_free(loader);
}
END_TEST

static const esp_loader_options everything = {.batch = 8,
                                              .shuffle = true,
                                              .crop = true,
                                              .flip = true,
                                              .crop_padding = 2,
                                              .cutout_size = 3,
                                              .seed = 11};

static uint64_t batch_hash(const esp_batch *batch) {
  size_t floats = (size_t)esp_blocks_for(batch->count) * ESP_LANES * IMAGE;
  uint64_t hash = hash_of(batch->images, floats * sizeof(float), HASH_START);
  return hash_of(batch->labels, (size_t)batch->count * sizeof(int32_t), hash);
}

START_TEST(time_changes_nothing) {
  uint64_t first[7], later;
  for (uint64_t round = 0; round < 6; round++) {
    esp_loader *loader = make(everything);
    esp_loader_start(loader, 9, 0);
    for (int b = 0; b < 7; b++) {
      usleep((useconds_t)esp_random_below(round, (uint64_t)b, 3000));
      later = batch_hash(esp_loader_next(loader));
      if (round == 0) first[b] = later;
      ck_assert_uint_eq(first[b], later);
    }
    ck_assert_ptr_null(esp_loader_next(loader));
    esp_loader_free(loader);
  }
}
END_TEST

START_TEST(a_start_may_come_at_any_time) {
  esp_loader *loader = make(everything);
  uint64_t hash[4][7];
  for (uint64_t epoch = 0; epoch < 4; epoch++) {
    esp_loader_start(loader, epoch, 0);
    for (int b = 0; b < 7; b++) hash[epoch][b] = batch_hash(esp_loader_next(loader));
  }
  for (uint64_t round = 0; round < 400; round++) {
    uint64_t epoch = esp_random_below(3, 3 * round, 4);
    int first = (int)esp_random_below(3, 3 * round + 1, 8),
        count = (int)esp_random_below(3, 3 * round + 2, 8);
    esp_loader_start(loader, epoch, first);
    for (int b = first; b < first + count; b++) {
      const esp_batch *batch = esp_loader_next(loader);
      if (b >= 7)
        ck_assert_ptr_null(batch);
      else
        ck_assert_uint_eq(batch_hash(batch), hash[epoch][b]);
    }
    if (round % 50 == 0) usleep(2000);
  }
  esp_loader_start(loader, 0, 1000);
  ck_assert_ptr_null(esp_loader_next(loader));
  esp_loader_start(loader, 0, -1);
  ck_assert_uint_eq(batch_hash(esp_loader_next(loader)), hash[0][0]);
  esp_loader_free(loader); /* in the middle of an epoch */
}
END_TEST

/* Those that other processes have are left out. */
START_TEST(every_third_batch) {
  esp_loader *loader = make(everything);
  uint64_t hash[7];
  esp_loader_start(loader, 2, 0);
  for (int b = 0; b < 7; b++) hash[b] = batch_hash(esp_loader_next(loader));
  for (int first = 0; first < 9; first++) {
    esp_loader_start_every(loader, 2, first, 3);
    for (int b = first; b < 7; b += 3)
      ck_assert_uint_eq(batch_hash(esp_loader_next(loader)), hash[b]);
    ck_assert_ptr_null(esp_loader_next(loader));
  }
  esp_loader_free(loader);
}
END_TEST

START_TEST(free_at_any_time) {
  for (useconds_t pause = 0; pause < 20; pause++) {
    esp_loader *loader = make(everything);
    if (pause > 2) esp_loader_start(loader, pause, 0);
    if (pause > 10) esp_loader_next(loader);
    usleep(10 * pause);
    esp_loader_free(loader);
  }
  esp_loader_free(NULL);
}
END_TEST

/* Whether the image is its source shifted by (down, right), black (before normalisation) where
 * there is none. */
static bool is_shifted(const esp_batch *batch, int lane, int image, int down, int right) {
  for (int p = 0; p < IMAGE; p++) {
    int c = p / PLANE, y = p % PLANE / WIDTH, x = p % WIDTH;
    bool inside = y + down >= 0 && y + down < HEIGHT && x + right >= 0 && x + right < WIDTH;
    if (at(batch, lane, c, y, x) != normal(c, inside ? source(image, c, y + down, x + right) : 0))
      return false;
  }
  return true;
}

START_TEST(crop) {
  esp_loader *loader =
      make((esp_loader_options){.batch = COUNT, .crop = true, .crop_padding = 2, .seed = 3});
  int seen[5][5] = {{0}};
  for (uint64_t epoch = 0; epoch < 20; epoch++) {
    esp_loader_start(loader, epoch, 0);
    const esp_batch *batch = esp_loader_next(loader);
    for (int i = 0; i < COUNT; i++) {
      int found = 0;
      for (int d = 0; d < 5; d++)
        for (int r = 0; r < 5; r++)
          if (is_shifted(batch, i, i, d - 2, r - 2)) {
            seen[d][r]++;
            found++;
          }
      ck_assert_int_eq(found, 1);
    }
  }
  for (int k = 0; k < 25; k++) { /* 1060 / 25 = 42 each */
    ck_assert_int_gt(seen[k / 5][k % 5], 15);
    ck_assert_int_lt(seen[k / 5][k % 5], 80);
  }
  esp_loader_free(loader);
}
END_TEST

static bool is_mirrored(const esp_batch *batch, int lane, int image) {
  for (int p = 0; p < IMAGE; p++) {
    int c = p / PLANE, y = p % PLANE / WIDTH, x = p % WIDTH;
    if (at(batch, lane, c, y, x) != normal(c, source(image, c, y, WIDTH - 1 - x))) return false;
  }
  return true;
}

START_TEST(flip) {
  esp_loader *loader = make((esp_loader_options){.batch = COUNT, .flip = true, .seed = 3});
  int flipped = 0;
  for (uint64_t epoch = 0; epoch < 20; epoch++) {
    esp_loader_start(loader, epoch, 0);
    const esp_batch *batch = esp_loader_next(loader);
    for (int i = 0; i < COUNT; i++) {
      bool mirrored = is_mirrored(batch, i, i);
      ck_assert(mirrored != is_shifted(batch, i, i, 0, 0));
      flipped += mirrored;
    }
  }
  ck_assert_int_gt(flipped, 450); /* of 1060 */
  ck_assert_int_lt(flipped, 610);
  esp_loader_free(loader);
}
END_TEST

/* What differs from the source: a rectangle of zeros in every channel. Its size is returned. */
static int blank_area(const esp_batch *batch, int i, int size) {
  int top = HEIGHT, left = WIDTH, bottom = -1, right = -1, area = 0;
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      bool blank = at(batch, i, 0, y, x) == 0.0f;
      for (int c = 0; c < 3; c++)
        ck_assert(at(batch, i, c, y, x) == (blank ? 0.0f : normal(c, source(i, c, y, x))));
      if (!blank) continue;
      area++;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  ck_assert_int_eq(area, (bottom - top + 1) * (right - left + 1));
  ck_assert(bottom - top < size && right - left < size);
  ck_assert(bottom - top == size - 1 || top == 0 ||
            bottom == HEIGHT - 1); /* smaller at the border alone */
  ck_assert(right - left == size - 1 || left == 0 || right == WIDTH - 1);
  return area;
}

START_TEST(cutout) {
  esp_loader *loader = make((esp_loader_options){.batch = COUNT, .cutout_size = 4, .seed = 3});
  int whole = 0;
  for (uint64_t epoch = 0; epoch < 4; epoch++) {
    esp_loader_start(loader, epoch, 0);
    const esp_batch *batch = esp_loader_next(loader);
    for (int i = 0; i < COUNT; i++) {
      int area = blank_area(batch, i, 4);
      ck_assert_int_ge(area, 4);
      whole += area == 16;
    }
  }
  ck_assert_int_gt(whole, 20);
  ck_assert_int_lt(whole, 200);
  esp_loader_free(loader);
  loader =
      make((esp_loader_options){.batch = COUNT, .cutout_size = 4096, .seed = 3}); /* all of it */
  esp_loader_start(loader, 0, 0);
  ck_assert(at(esp_loader_next(loader), COUNT - 1, 2, HEIGHT - 1, WIDTH - 1) == 0.0f);
  esp_loader_free(loader);
}
END_TEST

/* The change of an image is the same in whatever batch it comes. */
START_TEST(augmentation_belongs_to_the_image) {
  esp_loader_options opt = everything;
  opt.shuffle = false;
  esp_loader *small = make(opt);
  opt.batch = COUNT;
  opt.shuffle = true;
  esp_loader *large = make(opt);
  esp_loader_start(small, 5, 0);
  esp_loader_start(large, 5, 0);
  const esp_batch *all = esp_loader_next(large);
  for (const esp_batch *batch; (batch = esp_loader_next(small)) != NULL;)
    for (int i = 0; i < batch->count; i++) {
      int j = 0;
      while (all->labels[j] != batch->labels[i]) j++;
      bool same = true;
      for (int p = 0; p < IMAGE; p++)
        same =
            same && at(batch, i, 0, 0, p) == at(all, j, 0, 0, p); /* p runs on through the planes */
      ck_assert(same);
    }
  esp_loader_free(small);
  esp_loader_free(large);
}
END_TEST

START_TEST(options_that_cannot_be) {
  static const struct {
    esp_loader_options opt;
    const char *text;
  } wrong[] = {{{.batch = 0}, "batch of 0"},
               {{.batch = -5}, "batch of -5"},
               {{.batch = 65537}, "65536"},
               {{.batch = 8, .crop = true, .crop_padding = HEIGHT}, "data.crop_padding"},
               {{.batch = 8, .crop = true, .crop_padding = -1}, "data.crop_padding"},
               {{.batch = 8, .cutout_size = -1}, "data.cutout_size"},
               {{.batch = 8, .cutout_size = 1 << 30}, "data.cutout_size"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    esp_loader *loader = NULL;
    ck_assert_int_eq(esp_loader_new(&loader, &set, &images, wrong[i].opt, &err), ESP_ERR_INPUT);
    ck_assert_ptr_null(loader);
    ck_assert_msg(strstr(err.text, wrong[i].text) != NULL, "%s", err.text);
  }
  const esp_images none = {0};
  esp_loader *loader = NULL;
  ck_assert_int_eq(esp_loader_new(&loader, &set, &none, everything, &err), ESP_OK);
  esp_loader_start(loader, 0, 0);
  ck_assert_int_eq(esp_loader_batches(loader), 0);
  ck_assert_ptr_null(esp_loader_next(loader));
  esp_loader_free(loader);
}
END_TEST

START_TEST(options_of_training) {
  esp_data_options data = options_for("shapes", "");
  esp_loader_options opt = esp_loader_options_training(&data, 32, 17);
  ck_assert(opt.batch == 32 && opt.shuffle && !opt.crop && !opt.flip && opt.cutout_size == 0 &&
            opt.seed == 17);
  char words[] = "flip cutout";
  data.augment = words;
  opt = esp_loader_options_training(&data, 32, 17);
  ck_assert(!opt.crop && opt.flip && opt.cutout_size == 8);
  char all[] = "cutout crop flips";
  data.augment = all;
  data.crop_padding = 3;
  opt = esp_loader_options_training(&data, 32, 17);
  ck_assert(opt.crop && !opt.flip && opt.crop_padding == 3);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("loader");
  TCase *tests = tcase_create("batches");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, setup, NULL);
  tcase_add_test(tests, layout_and_normalisation);
  tcase_add_test(tests, shuffle);
  tcase_add_test(tests, time_changes_nothing);
  tcase_add_test(tests, a_start_may_come_at_any_time);
  tcase_add_test(tests, every_third_batch);
  tcase_add_test(tests, free_at_any_time);
  tcase_add_test(tests, crop);
  tcase_add_test(tests, flip);
  tcase_add_test(tests, cutout);
  tcase_add_test(tests, augmentation_belongs_to_the_image);
  tcase_add_test(tests, options_that_cannot_be);
  tcase_add_test(tests, options_of_training);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
