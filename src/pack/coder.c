#include "pack/coder.h"

#include <math.h>
#include <stdlib.h>

/* Later bits change a probability by 1 / (seen + 2), at least by 1 / (BITS_REMEMBERED + 2): models
 * follow what changes slowly. */
enum { BITS_REMEMBERED = 1022, TOP = 24 };

void esp__coder_encode(esp__coder *c) {
  *c = (esp__coder){.high = UINT32_MAX};
}

double esp__coder_position(const esp__coder *c) {
  const double bytes = c->decoding ? (double)c->at - 4.0 : (double)c->out_bytes;
  return 8.0 * bytes + 32.0 - log2((double)(c->high - c->low) + 1.0);
}

static uint8_t next_byte(esp__coder *c) {
  const uint8_t byte = c->at < c->in_bytes ? c->in[c->at] : 0;
  c->at++;
  return byte;
}

void esp__coder_decode(esp__coder *c, const uint8_t *data, size_t bytes) {
  *c = (esp__coder){.high = UINT32_MAX, .decoding = true, .in = data, .in_bytes = bytes};
  for (int i = 0; i < 4; i++) c->code = c->code << 8 | next_byte(c);
}

static void put_byte(esp__coder *c, uint32_t byte) {
  if (c->failed) return;
  if (c->out_bytes == c->room) {
    const size_t room = c->room ? 2 * c->room : 4096;
    uint8_t *out = realloc(c->out, room);
    if (!out) {
      c->failed = true;
      return;
    }
    c->out = out;
    c->room = room;
  }
  c->out[c->out_bytes++] = (uint8_t)byte;
}

/* Bytes on which both ends of the interval agree are settled. */
static void shift(esp__coder *c) {
  while ((c->low ^ c->high) >> TOP == 0) {
    if (c->decoding)
      c->code = c->code << 8 | next_byte(c);
    else
      put_byte(c, c->high >> TOP);
    c->low <<= 8;
    c->high = c->high << 8 | 0xff;
  }
}

/* Cuts the interval behind `middle`: ones in front, zeros behind. */
static int cut(esp__coder *c, uint32_t middle, int bit) {
  if (c->decoding) bit = c->code <= middle;
  if (bit)
    c->high = middle;
  else
    c->low = middle + 1;
  shift(c);
  return bit;
}

int esp__code_bit(esp__coder *c, esp__bit_model *m, int bit) {
  const uint64_t width = c->high - c->low;
  bit = cut(c, c->low + (uint32_t)(width * m->one >> ESP_PROBABILITY_BITS), bit);
  if (bit)
    m->one += ((1u << ESP_PROBABILITY_BITS) - m->one) / (m->seen + 2);
  else
    m->one -= m->one / (m->seen + 2);
  if (m->seen < BITS_REMEMBERED) m->seen++;
  return bit;
}

uint32_t esp__code_plain(esp__coder *c, uint32_t value, int bits) {
  uint32_t coded = 0;
  while (bits-- > 0) {
    const uint32_t middle = c->low + (c->high - c->low) / 2;
    coded = coded << 1 | (uint32_t)cut(c, middle, (int)(value >> bits & 1));
  }
  return coded;
}

uint32_t esp__code_symbol(esp__coder *c, esp__bit_model *model, uint32_t value, int bits) {
  const uint32_t leaves = 1u << bits;
  uint32_t node = 1;
  while (bits-- > 0)
    node = node << 1 | (uint32_t)esp__code_bit(c, &model[node], (int)(value >> bits & 1));
  return node - leaves;
}

void esp__bit_models_start(esp__bit_model *model, size_t n) {
  for (size_t i = 0; i < n; i++) model[i] = ESP_BIT_START;
}

bool esp__coder_end(esp__coder *c) {
  if (c->decoding) return c->at == c->in_bytes + 4 || c->at == c->in_bytes + 3; /* see below */
  /* One byte that lies inside the interval whatever follows; none where zeros do. */
  if (c->low > 0) put_byte(c, (c->low >> TOP) + 1);
  if (!c->failed) return true;
  free(c->out);
  c->out = NULL;
  return false;
}
