/* Packed files: what went in comes out; what is damaged anywhere is refused, in one line. */
#include "suite.h"

#include <espalier/pack.h>
#include <espalier/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static esp_bundle bundle;
static float weight[24 * 9], bias[8], step[4], whole[4 * 16]; /* whole: integers times steps */
static uint8_t *data;
static size_t bytes;
static esp_error err;

static void ok(esp_status status) {
  ck_assert_msg(status == ESP_OK, "%s", err.text);
}

static void setup(void) {
  for (uint64_t i = 0; i < 24 * 9; i++)
    weight[i] = esp_random(1, i) % 4 ? 0.0f : (float)esp_random_normal(2, i);
  for (uint64_t i = 0; i < 8; i++) bias[i] = (float)esp_random_normal(3, i);
  for (uint64_t o = 0; o < 4; o++) step[o] = o == 1 ? 0.0f : 0.01f + (float)o / 256.0f;
  for (uint64_t i = 0; i < 4 * 16; i++)
    if (esp_random(4, i) % 2 && i / 16 != 1)
      whole[i] = step[i / 16] * ((float)(esp_random(5, i) % 255) - 127.0f) + 0.0f;
  ok(esp_bundle_add_text(&bundle, "espalier.layers", "conv 8 3x3\nrelu\n", &err));
  ok(esp_bundle_add_text(&bundle, "empty", "", &err));
  ok(esp_bundle_add_text(&bundle, "a key with spaces",
                         "gr\xc3\xbc\xc3\x9f"
                         "e\n",
                         &err));
  ok(esp_bundle_add(&bundle, "conv1.weight", ESP_F32, 4, (const int64_t[]){8, 3, 3, 3}, weight,
                    &err));
  ok(esp_bundle_add(&bundle, "conv1 bias", ESP_F32, 1, &(const int64_t){8}, bias, &err));
  ok(esp_bundle_add(&bundle, "linear1.scale", ESP_F32, 1, &(const int64_t){4}, step, &err));
  ok(esp_bundle_add(&bundle, "linear1.weight", ESP_F32, 2, (const int64_t[]){4, 16}, whole, &err));
  ok(esp_pack_encode(&bundle, &data, &bytes, &err));
}

static void teardown(void) {
  esp_bundle_free(&bundle);
  free(data);
}

static void compare(const esp_bundle *b) {
  ck_assert_int_eq(b->texts, bundle.texts);
  for (int i = 0; i < b->texts; i++) {
    ck_assert_str_eq(b->key[i], bundle.key[i]);
    ck_assert_str_eq(b->text[i], bundle.text[i]);
  }
  ck_assert_int_eq(b->blobs, bundle.blobs);
  for (int i = 0; i < b->blobs; i++) {
    ck_assert_str_eq(b->blob[i].name, bundle.blob[i].name);
    ck_assert_int_eq(b->blob[i].rank, bundle.blob[i].rank);
    ck_assert_uint_eq(b->blob[i].bytes, bundle.blob[i].bytes);
    ck_assert_uint_eq((uintptr_t)b->blob[i].data % 8, 0);
    ck_assert_mem_eq(b->blob[i].data, bundle.blob[i].data, b->blob[i].bytes);
  }
}

START_TEST(what_went_in_comes_out) {
  esp_bundle b;
  ok(esp_pack_decode(&b, "file", data, bytes, &err));
  compare(&b);
  esp_bundle_free(&b);
  uint8_t *again;
  size_t same;
  ok(esp_pack_encode(&bundle, &again, &same, &err)); /* the same bytes each time */
  ck_assert_uint_eq(same, bytes);
  ck_assert_mem_eq(again, data, bytes);
  free(again);
}
END_TEST

/* An integer takes less than a byte and a bit of the mask; as floats they would take three times as
 * much. */
START_TEST(integers_are_told_by_their_steps) {
  uint8_t *floats;
  size_t more;
  whole[0] += 0.001f;
  memcpy(bundle.blob[3].data, whole, sizeof whole);
  ok(esp_pack_encode(&bundle, &floats, &more, &err));
  ck_assert_msg(more > bytes + 60, "%zu, with a float among them %zu", bytes, more);
  free(floats);
}
END_TEST

START_TEST(a_file_of_either_kind_is_loaded) {
  char path[] = "/tmp/espalier-pack-XXXXXX";
  const int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  close(file);
  esp_bundle b;
  size_t size;
  ok(esp_pack_save(&bundle, path, &size, &err));
  ck_assert_uint_eq(size, bytes);
  ok(esp_weights_bundle_load(&b, path, &err));
  compare(&b);
  esp_bundle_free(&b);
  ok(esp_bundle_save(&bundle, path, &err));
  ok(esp_weights_bundle_load(&b, path, &err));
  ck_assert_int_eq(b.blobs, bundle.blobs);
  esp_bundle_free(&b);
  unlink(path);
  ck_assert_int_eq(esp_weights_bundle_load(&b, path, &err), ESP_ERR_IO);
}
END_TEST

static void refused(const uint8_t *from, size_t size) {
  esp_bundle b;
  uint8_t *part = malloc(size + 1); /* to its exact end, for a sanitizer */
  ck_assert_ptr_nonnull(part);
  memcpy(part, from, size);
  ck_assert_int_eq(esp_pack_decode(&b, "file", part, size, &err), ESP_ERR_INPUT);
  ck_assert_msg(strncmp(err.text, "file: ", 6) == 0, "%s", err.text);
  free(part);
}

START_TEST(every_length_but_its_own_is_refused) {
  for (size_t size = 0; size < bytes; size++) refused(data, size);
  uint8_t *longer = calloc(bytes + 3, 1);
  ck_assert_ptr_nonnull(longer);
  memcpy(longer, data, bytes);
  for (size_t more = 1; more <= 3; more++) refused(longer, bytes + more);
  free(longer);
}
END_TEST

START_TEST(every_changed_bit_is_refused) {
  for (size_t at = 0; at < bytes; at++)
    for (int bit = 0; bit < 8; bit++) {
      data[at] ^= (uint8_t)(1 << bit);
      refused(data, bytes);
      data[at] ^= (uint8_t)(1 << bit);
    }
}
END_TEST

/* Makes the checksum right again, so that what lies behind it is read. */
static void mend(uint8_t *d, size_t size) {
  esp_sha256 sum;
  char hex[65], two[3] = "";
  esp_sha256_start(&sum);
  esp_sha256_add(&sum, d, 13);
  esp_sha256_add(&sum, d + 21, size - 21);
  esp_sha256_end(&sum, hex);
  for (int i = 0; i < 8; i++) {
    memcpy(two, hex + 2 * i, 2);
    d[13 + i] = (uint8_t)strtoul(two, NULL, 16);
  }
}

/* Whoever makes a file on purpose can make its checksum right: what is behind it is not trusted
 * either. It may decode to something, or not; the sanitizers watch. */
START_TEST(a_right_checksum_is_no_reason_to_trust) {
  uint8_t *changed = malloc(bytes);
  ck_assert_ptr_nonnull(changed);
  for (uint64_t round = 0; round < 4000; round++) {
    esp_bundle b;
    memcpy(changed, data, bytes);
    for (uint64_t i = 0; i < 1 + round % 3; i++)
      changed[esp_random_below(esp_key_of(6, round), 2 * i, (uint32_t)bytes)] =
          (uint8_t)esp_random(esp_key_of(6, round), 2 * i + 1);
    mend(changed, bytes);
    const esp_status status = esp_pack_decode(&b, "file", changed, bytes, &err);
    ck_assert(status == ESP_OK || status == ESP_ERR_INPUT);
    if (status == ESP_OK) esp_bundle_free(&b);
  }
  free(changed);
}
END_TEST

START_TEST(another_version_is_named) {
  data[4] = 2;
  mend(data, bytes);
  refused(data, bytes);
  ck_assert_ptr_nonnull(strstr(err.text, "version 2; this program reads version 1"));
}
END_TEST

/* A tensor of 2^40 zeros in a few bytes. */
START_TEST(more_values_than_a_file_can_hold_are_refused) {
  esp_bundle huge = {0}, b;
  uint8_t *packed;
  size_t size;
  static float none;
  ok(esp_bundle_add(&huge, "x", ESP_F32, 2, (const int64_t[]){1 << 20, 0}, &none, &err));
  ok(esp_pack_encode(&huge, &packed, &size, &err));
  free(packed);
  huge.blob[0].shape[1] = 1 << 20; /* in the header alone: there is nothing to encode */
  huge.blob[0].rank = 2;
  char text[64];
  const int length = snprintf(text, sizeof text, "f32 2 %d %d x\n", 1 << 20, 1 << 20);
  ck_assert_int_gt(length, 0);
  /* Stored blocks of deflate: no dictionary needed. */
  uint8_t file[128] = {'E', 'S', 'P', 'K', 1, (uint8_t)length, 0, 0, 0, (uint8_t)(length + 5)};
  uint8_t *at = file + 21;
  *at++ = 1;
  *at++ = (uint8_t)length;
  *at++ = 0;
  *at++ = (uint8_t)~length;
  *at++ = 0xff;
  memcpy(at, text, (size_t)length);
  mend(file, 21 + 5 + (size_t)length);
  ck_assert_int_eq(esp_pack_decode(&b, "file", file, 21 + 5 + (size_t)length, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "more values than"), "%s", err.text);
  esp_bundle_free(&huge);
}
END_TEST

START_TEST(masks_are_no_weights) {
  uint8_t keep[3] = {1, 0, 1}, *packed;
  size_t size;
  ok(esp_bundle_add(&bundle, "mask.conv1", ESP_U8, 1, &(const int64_t){3}, keep, &err));
  ck_assert_int_eq(esp_pack_encode(&bundle, &packed, &size, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "tensor 'mask.conv1' is not of F32"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("files");
  TCase *tests = tcase_create("files");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, what_went_in_comes_out);
  tcase_add_test(tests, integers_are_told_by_their_steps);
  tcase_add_test(tests, a_file_of_either_kind_is_loaded);
  tcase_add_test(tests, every_length_but_its_own_is_refused);
  tcase_add_test(tests, every_changed_bit_is_refused);
  tcase_add_test(tests, a_right_checksum_is_no_reason_to_trust);
  tcase_add_test(tests, another_version_is_named);
  tcase_add_test(tests, more_values_than_a_file_can_hold_are_refused);
  tcase_add_test(tests, masks_are_no_weights);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
