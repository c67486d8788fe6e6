#include "base/utf8.h"

#include <stdint.h>

/* Bytes of the sequence that begins at `p`, 0 when it is not one. */
static size_t sequence(const uint8_t *p, size_t left) {
  if (p[0] < 0x80) return 1;
  size_t bytes = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
  if (p[0] < 0xc2 || p[0] > 0xf4 || left < bytes) return 0;
  for (size_t i = 1; i < bytes; i++)
    if (p[i] >> 6 != 2) return 0;
  if (p[0] == 0xe0 && p[1] < 0xa0) return 0; /* longer than needed */
  if (p[0] == 0xf0 && p[1] < 0x90) return 0;
  if (p[0] == 0xed && p[1] > 0x9f) return 0; /* surrogates */
  if (p[0] == 0xf4 && p[1] > 0x8f) return 0; /* beyond U+10FFFF */
  return bytes;
}

bool esp__utf8_whole(const char *text, size_t bytes) {
  return sequence((const uint8_t *)text, bytes) == bytes;
}

bool esp__utf8_plain(const char *text, size_t bytes) {
  const uint8_t *p = (const uint8_t *)text;
  for (size_t i = 0; i < bytes;) {
    if ((p[i] < ' ' && p[i] != '\t' && p[i] != '\r' && p[i] != '\n') || p[i] == 0x7f) return false;
    size_t step = sequence(p + i, bytes - i);
    if (step == 0) return false;
    i += step;
  }
  return true;
}
