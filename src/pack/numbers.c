#include "pack/numbers.h"

#include <string.h>

enum { MANTISSA = 23, TAIL = MANTISSA - ESP_FLOAT_HEAD };

void esp__float_model_start(esp__float_model *m) {
  m->sign = ESP_BIT_START;
  esp__bit_models_start(m->exponent, 256);
  esp__bit_models_start(m->head[0], sizeof m->head / sizeof m->head[0][0]);
}

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static int trailing_zeros(const float *value, size_t n) {
  uint32_t any = 1u << MANTISSA;
  for (size_t i = 0; i < n; i++) any |= bits_of(value[i]);
  int zeros = 0;
  while (!(any >> zeros & 1)) zeros++;
  return zeros;
}

/* The mantissa's `tail` last bits that are not all zero are plain. */
static uint32_t code_float(esp__coder *c, esp__float_model *m, uint32_t bits, int zeros) {
  const int tail = TAIL > zeros ? TAIL - zeros : 0;
  const uint32_t sign = (uint32_t)esp__code_bit(c, &m->sign, (int)(bits >> 31));
  const uint32_t exponent = esp__code_symbol(c, m->exponent, bits >> MANTISSA & 255, 8);
  const uint32_t head = esp__code_symbol(
      c, m->head[exponent], bits >> TAIL & ((1 << ESP_FLOAT_HEAD) - 1), ESP_FLOAT_HEAD);
  const uint32_t rest = esp__code_plain(c, bits >> zeros & ((1u << tail) - 1), tail);
  return sign << 31 | exponent << MANTISSA | head << TAIL | rest << zeros;
}

void esp__code_floats(esp__coder *c, esp__float_model *m, float *value, size_t n) {
  int zeros = c->decoding ? 0 : trailing_zeros(value, n);
  zeros = (int)esp__code_plain(c, (uint32_t)zeros, 5);
  if (zeros > MANTISSA) zeros = MANTISSA; /* of a damaged file */
  for (size_t i = 0; i < n; i++) {
    const uint32_t bits = code_float(c, m, c->decoding ? 0 : bits_of(value[i]), zeros);
    memcpy(&value[i], &bits, sizeof bits);
  }
}

uint64_t esp__code_count(esp__coder *c, uint64_t value) {
  int bits = 0;
  if (!c->decoding)
    while (bits < 63 && (value + 1) >> (bits + 1)) bits++;
  bits = (int)esp__code_plain(c, (uint32_t)bits, 6);
  const int low = bits < 32 ? bits : 32;
  const uint64_t rest = (value + 1) & ((1ull << bits) - 1);
  uint64_t coded =
      bits > 32 ? (uint64_t)esp__code_plain(c, (uint32_t)(rest >> 32), bits - 32) << 32 : 0;
  coded |= esp__code_plain(c, (uint32_t)rest, low);
  return (coded | 1ull << bits) - 1;
}
