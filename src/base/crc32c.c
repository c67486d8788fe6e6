#include "base/crc32c.h"

/* Bit by bit: what it guards is small. */
uint32_t esp__crc32c(const void *data, size_t bytes) {
  const uint8_t *at = data;
  uint32_t crc = UINT32_MAX;
  for (; bytes > 0; bytes--) {
    crc ^= *at++;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
  }
  return ~crc;
}
