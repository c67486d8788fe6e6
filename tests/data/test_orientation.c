/* Pictures that say which way up they are. */
#include "files.h"
#include "suite.h"

#include "data/orientation.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static char *folder;
static esp_error err;

static void setup(void) {
  folder = folder_make();
}
static void teardown(void) {
  folder_remove(folder);
}

enum { TIFF_BYTES = 26 };

/* A TIFF structure with one directory of one entry: the orientation. */
static void put_tiff(uint8_t tiff[TIFF_BYTES], bool big_endian, uint8_t orientation) {
  static const uint8_t big[TIFF_BYTES] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0,
                                          3,   0,   0, 0,  1, 0, 0, 0, 0, 0, 0,    0,    0};
  static const uint8_t little[TIFF_BYTES] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3,
                                             0,   1,   0,  0, 0, 0, 0, 0, 0, 0, 0,    0,    0};
  memcpy(tiff, big_endian ? big : little, TIFF_BYTES);
  tiff[big_endian ? 19 : 18] = orientation;
}

/* Puts `more` bytes into the file, behind its first `at`. */
static void insert(const char *name, size_t at, const uint8_t *data, size_t more) {
  char *old;
  size_t bytes;
  ck_assert_int_eq(esp_file_read(path_of(folder, name), 1 << 20, &old, &bytes, &err), ESP_OK);
  uint8_t *all = malloc(bytes + more);
  ck_assert_ptr_nonnull(all);
  memcpy(all, old, at);
  memcpy(all + at, data, more);
  memcpy(all + at + more, old + at, bytes - at);
  file_write(folder, name, all, bytes + more);
  free(all);
  free(old);
}

static void insert_exif_in_jpeg(const char *name, uint8_t orientation) {
  uint8_t segment[10 + TIFF_BYTES] = {0xff, 0xe1, 0, 8 + TIFF_BYTES, 'E', 'x', 'i', 'f', 0, 0};
  put_tiff(segment + 10, true, orientation);
  insert(name, 2, segment, sizeof segment);
}

static void insert_exif_in_png(const char *name, bool big_endian, uint8_t orientation) {
  uint8_t chunk[12 + TIFF_BYTES];
  put_big_endian(chunk, TIFF_BYTES);
  memcpy(chunk + 4, "eXIf", 4);
  put_tiff(chunk + 8, big_endian, orientation);
  put_big_endian(chunk + 8 + TIFF_BYTES, (uint32_t)crc32(0, chunk + 4, 4 + TIFF_BYTES));
  insert(name, 8 + 25, chunk, sizeof chunk);
}

static const uint8_t stored[6] = {10, 20, 30, 40, 50, 60}; /* 2 rows of 3 */
/* The same upright, by hand. The last four have 3 rows of 2. */
static const uint8_t upright[9][6] = {
    [1] = {10, 20, 30, 40, 50, 60}, [2] = {30, 20, 10, 60, 50, 40}, [3] = {60, 50, 40, 30, 20, 10},
    [4] = {40, 50, 60, 10, 20, 30}, [5] = {10, 40, 20, 50, 30, 60}, [6] = {40, 10, 50, 20, 60, 30},
    [7] = {60, 30, 50, 20, 40, 10}, [8] = {30, 60, 20, 50, 10, 40}};

START_TEST(a_png_is_turned_upright) {
  const int orientation = _i / 2 + 1;
  uint8_t out[6];
  png_write(folder, "a.png", 3, 2, 1, stored);
  insert_exif_in_png("a.png", _i % 2 == 1, (uint8_t)orientation);
  const esp_shape shape = orientation < 5 ? (esp_shape){1, 2, 3} : (esp_shape){1, 3, 2};
  ck_assert_msg(esp_picture_load(path_of(folder, "a.png"), shape, out, &err) == ESP_OK, "%s",
                err.text);
  ck_assert_mem_eq(out, upright[orientation], sizeof out);
}
END_TEST

/* Two blocks of 8x8, the dark one on the left; turned by 90 degrees clockwise it is on top. */
START_TEST(a_jpeg_is_turned_upright) {
  static const uint8_t rgb[][3] = {{40, 40, 40}, {200, 200, 200}};
  uint8_t out[3 * 16 * 8];
  jpeg_write(folder, "a.jpg", 2, 1, rgb);
  insert_exif_in_jpeg("a.jpg", 6);
  const esp_shape shape = {3, 16, 8};
  ck_assert_msg(esp_picture_load(path_of(folder, "a.jpg"), shape, out, &err) == ESP_OK, "%s",
                err.text);
  for (int i = 0; i < 16 * 8; i++) ck_assert_int_eq(out[i], i < 8 * 8 ? 40 : 200);
}
END_TEST

/* Of what is no orientation, or ends early, nothing is read beyond its end, and nothing turned. */
START_TEST(a_damaged_block_turns_nothing) {
  png_write(folder, "a.png", 3, 2, 1, stored);
  insert_exif_in_png("a.png", true, 6);
  char *png;
  size_t bytes;
  ck_assert_int_eq(esp_file_read(path_of(folder, "a.png"), 1 << 20, &png, &bytes, &err), ESP_OK);
  const size_t block = 8 + 25 + 8;
  for (size_t length = 0; length <= bytes; length++) {
    uint8_t *part = malloc(length + 1); /* to its exact end, for a sanitizer */
    ck_assert_ptr_nonnull(part);
    memcpy(part, png, length);
    const int found = esp__exif_orientation(part, length);
    ck_assert_int_eq(found, length >= block + TIFF_BYTES + 4 ? 6 : 1);
    free(part);
  }
  for (size_t at = block; at < block + TIFF_BYTES; at++)
    for (int bit = 0; bit < 8; bit++) {
      png[at] ^= (char)(1 << bit);
      const int found = esp__exif_orientation((const uint8_t *)png, bytes);
      ck_assert_int_ge(found, 1);
      ck_assert_int_le(found, 8);
      png[at] ^= (char)(1 << bit);
    }
  for (int wrong = 0; wrong < 256; wrong += wrong == 0 ? 9 : 1) {
    png[block + 19] = (char)wrong;
    ck_assert_int_eq(esp__exif_orientation((const uint8_t *)png, bytes), 1);
  }
  free(png);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("orientation");
  TCase *tests = tcase_create("orientation");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, a_png_is_turned_upright, 0, 16);
  tcase_add_test(tests, a_jpeg_is_turned_upright);
  tcase_add_test(tests, a_damaged_block_turns_nothing);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
