/* SHA-256: FIPS 180-4. */
#include "base/sha256_blocks.h"

#include <espalier/file.h>

#include <string.h>

static void add_blocks(uint32_t H[8], const uint8_t *data, size_t blocks) {
  (esp__has_sha_instructions() ? esp__sha256_x86 : esp__sha256_plain)(H, data, blocks);
}

void esp_sha256_start(esp_sha256 *s) {
  *s = (esp_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                              0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void esp_sha256_add(esp_sha256 *s, const void *data, size_t bytes) {
  const uint8_t *in = data;
  size_t held = s->length % 64;
  s->length += bytes;
  while (bytes > 0) {
    if (held == 0 && bytes >= 64) {
      add_blocks(s->state, in, bytes / 64);
      in += bytes / 64 * 64, bytes %= 64;
      continue;
    }
    size_t part = bytes < 64 - held ? bytes : 64 - held;
    memcpy(s->block + held, in, part);
    in += part, bytes -= part, held += part;
    if (held == 64) {
      add_blocks(s->state, s->block, 1);
      held = 0;
    }
  }
}

void esp_sha256_end(esp_sha256 *s, char hex[65]) {
  uint64_t bits = s->length * 8;
  uint8_t padding[72] = {0x80};
  size_t zeros = (119 - s->length % 64) % 64; /* so that the length ends a block */
  for (int i = 0; i < 8; i++) padding[1 + zeros + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
  esp_sha256_add(s, padding, 1 + zeros + 8);
  for (int i = 0; i < 64; i++)
    hex[i] = "0123456789abcdef"[s->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
  hex[64] = '\0';
}
