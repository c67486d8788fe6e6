/* Bits, symbols and numbers come back, at about the price that information theory sets. */
#include "suite.h"

#include "pack/coder.h"
#include "pack/mask.h"
#include "pack/numbers.h"

#include <espalier/random.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp__coder c;

static void begin_decoding(void) {
  ck_assert(esp__coder_end(&c));
  uint8_t *data = c.out;
  const size_t bytes = c.out_bytes;
  esp__coder_decode(&c, data, bytes);
}

static void end_decoding(void) {
  uint8_t *data = (uint8_t *)(uintptr_t)c.in;
  ck_assert_msg(esp__coder_end(&c), "%zu of %zu bytes", c.at, c.in_bytes);
  free(data);
}

/* Bits of probability p; the number of bytes they take against their entropy. */
static void round_trip(double p, uint32_t n) {
  esp__bit_model m = ESP_BIT_START;
  uint32_t ones = 0;
  esp__coder_encode(&c);
  for (uint32_t i = 0; i < n; i++) {
    const int bit = esp_random_uniform(7, i) < p;
    ones += (uint32_t)bit;
    ck_assert_int_eq(esp__code_bit(&c, &m, bit), bit);
  }
  const double share = (double)ones / n;
  const double entropy =
      ones == 0 || ones == n
          ? 0.0

          : -(double)n * (share * log2(share) + (1.0 - share) * log2(1.0 - share)) / 8.0;
  begin_decoding();
  /* Learning the probability costs log2(n) / 2 bits, and the last byte is whole. */
  ck_assert_msg((double)c.in_bytes <= 1.005 * entropy + log2(n) / 16.0 + n / 2700.0 / 8.0 + 2.0,
                "p = %g: %zu bytes for %g", p, c.in_bytes, entropy);
  m = ESP_BIT_START;
  for (uint32_t i = 0; i < n; i++)
    ck_assert(esp__code_bit(&c, &m, 0) == (esp_random_uniform(7, i) < p));
  end_decoding();
}

START_TEST(bits_cost_their_entropy) {
  static const double p[] = {0.0, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.8, 0.999, 1.0};
  static const uint32_t n[] = {1, 2, 100, 100000};
  round_trip(p[_i / 4], n[_i % 4]);
}
END_TEST

START_TEST(nothing_takes_no_bytes) {
  esp__coder_encode(&c);
  begin_decoding();
  ck_assert_uint_eq(c.in_bytes, 0);
  end_decoding();
}
END_TEST

START_TEST(plain_numbers_and_symbols_come_back) {
  esp__bit_model model[1 << 5];
  for (int pass = 0; pass < 2; pass++) {
    esp__bit_models_start(model, 1 << 5);
    if (pass == 0) esp__coder_encode(&c);
    if (pass == 1) begin_decoding();
    for (uint64_t i = 0; i < 3000; i++) {
      const int bits = (int)(i % 33);
      const uint32_t plain = bits ? (uint32_t)(esp_random(1, i) >> (64 - bits)) : 0,
                     symbol = (uint32_t)(esp_random(2, i) % 32 * (esp_random(3, i) % 2));
      ck_assert_uint_eq(esp__code_plain(&c, pass ? 0 : plain, bits), plain);
      ck_assert_uint_eq(esp__code_symbol(&c, model, pass ? 0 : symbol, 5), symbol);
    }
  }
  end_decoding();
}
END_TEST

START_TEST(counts_come_back) {
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 0) esp__coder_encode(&c);
    if (pass == 1) begin_decoding();
    for (int shift = 0; shift < 62; shift++)
      for (uint64_t near = 0; near < 3; near++) {
        const uint64_t value = (1ull << shift) - 1 + near;
        ck_assert_uint_eq(esp__code_count(&c, pass ? 0 : value), value);
      }
  }
  end_decoding();
}
END_TEST

START_TEST(every_kind_of_float_comes_back) {
  static esp__float_model m;
  static const uint32_t odd[] = {0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x7f800000,
                                 0xff800000, 0x7fc00001, 0xffffffff, 0x3f800000, 0x7f7fffff};
  float before[1000], after[1000];
  for (uint64_t i = 0; i < 1000; i++) {
    const uint32_t bits = i < 10 ? odd[i] : (uint32_t)esp_random(4, i);
    memcpy(&before[i], &bits, sizeof bits);
  }
  esp__coder_encode(&c);
  esp__float_model_start(&m);
  memcpy(after, before, sizeof after);
  esp__code_floats(&c, &m, after, 1000);
  ck_assert_mem_eq(after, before, sizeof after);
  begin_decoding();
  esp__float_model_start(&m);
  memset(after, 0, sizeof after);
  esp__code_floats(&c, &m, after, 1000);
  ck_assert_mem_eq(after, before, sizeof after);
  end_decoding();
}
END_TEST

/* Rounded to 10 bits of mantissa, as half precision is: 13 zeros at the end cost nothing. */
START_TEST(rounded_numbers_cost_what_is_left_of_them) {
  static esp__float_model m;
  float value[1000];
  for (uint64_t i = 0; i < 1000; i++) {
    const uint32_t bits = 0x3f800000 | (uint32_t)(esp_random(5, i) >> 54) << 13;
    memcpy(&value[i], &bits, sizeof bits);
  }
  esp__coder_encode(&c);
  esp__float_model_start(&m);
  esp__code_floats(&c, &m, value, 1000);
  begin_decoding();
  ck_assert_uint_ge(c.in_bytes, 1250);
  ck_assert_uint_le(c.in_bytes, 1280);
  esp__float_model_start(&m);
  esp__code_floats(&c, &m, value, 1000);
  end_decoding();
}
END_TEST

/* Bytes of a mask of outputs x channels x taps, which must come back. */
static size_t mask_bytes(const uint8_t *mask, size_t outputs, size_t channels, size_t taps) {
  static uint8_t copy[64 * 64 * 9];
  memcpy(copy, mask, outputs * channels * taps);
  esp__coder_encode(&c);
  ck_assert(esp__code_mask(&c, copy, outputs, channels, taps));
  begin_decoding();
  const size_t bytes = c.in_bytes;
  memset(copy, 0, sizeof copy);
  ck_assert(esp__code_mask(&c, copy, outputs, channels, taps));
  ck_assert_mem_eq(copy, mask, outputs * channels * taps);
  end_decoding();
  return bytes;
}

/* Half of the filters and a quarter of the channels are gone: what is left is all there, and the
 * mask is next to nothing. At random the same share costs a bit a weight, nearly. */
START_TEST(masks_of_whole_channels_cost_little) {
  static uint8_t mask[64 * 64 * 9];
  size_t ones = 0;
  for (size_t o = 0; o < 64; o++)
    for (size_t ch = 0; ch < 64; ch++)
      for (size_t t = 0; t < 9; t++)
        ones += mask[(o * 64 + ch) * 9 + t] = esp_random(8, o) % 2 && esp_random(9, ch) % 4 != 0;
  ck_assert_uint_le(mask_bytes(mask, 64, 64, 9), 250);
  const double p = (double)ones / sizeof mask;
  for (size_t i = 0; i < sizeof mask; i++) mask[i] = esp_random_uniform(10, i) < p;
  ck_assert_uint_ge(mask_bytes(mask, 64, 64, 9), 4000);
}
END_TEST

START_TEST(masks_of_any_shape_come_back) {
  static uint8_t mask[64 * 64 * 9];
  for (size_t i = 0; i < sizeof mask; i++) mask[i] = esp_random(11, i) % 10 == 0;
  mask_bytes(mask, 64, 64, 9);
  mask_bytes(mask, 1, 1, 1);
  mask_bytes(mask, 5, 1, 9);
  mask_bytes(mask, 7, 3, 1);
  mask_bytes(mask, 1, 333, 1);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("coder");
  TCase *tests = tcase_create("coder");
  tcase_add_loop_test(tests, bits_cost_their_entropy, 0, 36);
  tcase_add_test(tests, nothing_takes_no_bytes);
  tcase_add_test(tests, plain_numbers_and_symbols_come_back);
  tcase_add_test(tests, counts_come_back);
  tcase_add_test(tests, every_kind_of_float_comes_back);
  tcase_add_test(tests, rounded_numbers_cost_what_is_left_of_them);
  tcase_add_test(tests, masks_of_whole_channels_cost_little);
  tcase_add_test(tests, masks_of_any_shape_come_back);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
