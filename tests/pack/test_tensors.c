/* Tensors come back to the bit, whatever is in them; few different values become a table. */
#include "suite.h"

#include "pack/tensor.h"

#include <espalier/random.h>

#include <stdlib.h>
#include <string.h>

enum { COUNT = 32 * 16 * 9 };
static float value[COUNT], copy[COUNT];
static esp__tensor_models models;

/* Bytes of the tensor in `value`, which must come back; `step` as in esp__code_tensor. */
static size_t bytes_with(const int64_t *shape, int rank, const float *step) {
  esp__coder c;
  size_t count = 1;
  for (int i = 0; i < rank; i++) count *= (size_t)shape[i];
  memcpy(copy, value, sizeof copy);
  esp__coder_encode(&c);
  esp__float_model_start(&models.vectors);
  ck_assert(esp__code_tensor(&c, &models, shape, rank, step, copy));
  ck_assert_mem_eq(copy, value, count * sizeof *value); /* the writer leaves it alone */
  ck_assert(esp__coder_end(&c));
  uint8_t *data = c.out;
  const size_t bytes = c.out_bytes;
  memset(copy, 0xff, sizeof copy);
  esp__coder_decode(&c, data, bytes);
  esp__float_model_start(&models.vectors);
  ck_assert(esp__code_tensor(&c, &models, shape, rank, step, copy));
  ck_assert_mem_eq(copy, value, count * sizeof *value);
  ck_assert(esp__coder_end(&c));
  free(data);
  return bytes;
}

static size_t bytes_of(const int64_t *shape, int rank) {
  return bytes_with(shape, rank, NULL);
}

static void fill(double density) {
  for (uint64_t i = 0; i < COUNT; i++)
    value[i] = esp_random_uniform(1, i) < density ? (float)(0.1 * esp_random_normal(2, i)) : 0.0f;
}

static const int64_t shape[] = {32, 16, 3, 3};

START_TEST(dense_and_pruned_weights_come_back) {
  fill(1.0);
  const size_t dense = bytes_of(shape, 4);
  ck_assert_uint_le(dense, sizeof value); /* no more than as they are */
  fill(0.1);
  const size_t tenth = bytes_of(shape, 4);
  /* 4608 bits of mask at 0.469, and a tenth of the values. */
  ck_assert_uint_le(tenth, 270 + dense / 10 + dense / 50);
  fill(0.0);
  ck_assert_uint_le(bytes_of(shape, 4), 4);
}
END_TEST

/* Integers of 4 bits times a step for each output: 4 bits a value that is there at most, and the
 * mask. With one value that is no multiple, or steps that are others, floats come back as well. */
START_TEST(multiples_become_integers) {
  float step[32], half[32];
  fill(0.5);
  for (int o = 0; o < 32; o++) {
    step[o] = 0.01f + 0.003f * (float)o;
    half[o] = 0.7f * step[o];
  }
  for (size_t i = 0; i < COUNT; i++) {
    const int q = (int)(i % 15) - 7;
    if (value[i] != 0.0f) value[i] = q ? (float)q * step[i / 144] : 0.0f;
  }
  const size_t integers = bytes_with(shape, 4, step), floats = bytes_with(shape, 4, half);
  ck_assert_uint_le(integers, COUNT / 8 + COUNT / 2 * 4 / 8 + 32);
  ck_assert_uint_lt(2 * integers, floats);
  ck_assert_uint_eq(bytes_of(shape, 4), floats);
  for (size_t i = 0; i < COUNT; i++) value[i] = (i % 3) ? 0.0f : -0.0f; /* 0 of the wrong sign */
  bytes_with(shape, 4, step);
}
END_TEST

/* 31 values, as 5 bits give: 5 bits a weight at most, and the table. */
START_TEST(few_values_become_a_table) {
  fill(1.0);
  const size_t dense = bytes_of(shape, 4);
  for (uint64_t i = 0; i < COUNT; i++)
    value[i] = (float)((int)(esp_random(3, i) % 31) - 15) * 0.013f;
  const size_t shared = bytes_of(shape, 4);
  ck_assert_uint_le(shared, COUNT * 5 / 8 + 40 + 31 * 4);
  ck_assert_uint_lt(shared, dense / 4);
  for (uint64_t i = 0; i < COUNT; i++) value[i] = 0.25f;
  ck_assert_uint_le(bytes_of(shape, 4), 12);
  for (uint64_t i = 0; i < COUNT; i++) value[i] = (float)(i % 256) - 128.0f; /* the largest table */
  ck_assert_uint_le(bytes_of(shape, 4), COUNT + 256 * 4);
  for (uint64_t i = 0; i < COUNT; i++) value[i] = (float)(i % 257) - 128.0f; /* one too many */
  bytes_of(shape, 4);
}
END_TEST

/* -0 is no pruned weight, and neither is what is not a number. */
START_TEST(odd_values_come_back) {
  static const uint32_t odd[] = {0x80000000, 0x7fc12345, 0xff800000, 0x00000001, 0};
  for (size_t i = 0; i < COUNT; i++) memcpy(&value[i], &odd[i % 5], sizeof *value);
  bytes_of(shape, 4);
  bytes_of(&(const int64_t){5}, 1);
}
END_TEST

START_TEST(any_rank_and_size_comes_back) {
  fill(0.5);
  bytes_of(NULL, 0);
  bytes_of(&(const int64_t){17}, 1);
  bytes_of((const int64_t[]){10, 300}, 2);
  bytes_of((const int64_t[]){5, 0, 3}, 3);
  bytes_of((const int64_t[]){1, 1, 1, 1}, 4);
}
END_TEST

/* Whatever the bytes are, decoding ends, and writes nothing beyond the tensor. */
START_TEST(nonsense_is_decoded_to_nonsense) {
  uint8_t data[200];
  esp__coder c;
  for (uint64_t round = 0; round < 300; round++) {
    for (uint64_t i = 0; i < sizeof data; i++)
      data[i] = (uint8_t)esp_random(esp_key_of(5, round), i);
    memset(copy, 0, sizeof copy);
    esp__coder_decode(&c, data, sizeof data);
    esp__float_model_start(&models.vectors);
    (void)esp__code_tensor(&c, &models, (const int64_t[]){30, 16, 3, 3}, 4, NULL, copy);
    for (size_t i = 30 * 16 * 9; i < COUNT; i++) ck_assert(copy[i] == 0.0f);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("tensors");
  TCase *tests = tcase_create("tensors");
  tcase_add_test(tests, dense_and_pruned_weights_come_back);
  tcase_add_test(tests, few_values_become_a_table);
  tcase_add_test(tests, multiples_become_integers);
  tcase_add_test(tests, odd_values_come_back);
  tcase_add_test(tests, any_rank_and_size_comes_back);
  tcase_add_test(tests, nonsense_is_decoded_to_nonsense);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
