#include "packed.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>

enum {
  VERSION = 4, /* where it stands; so the others of a packed file */
  HEADER_TEXT = 5,
  HEADER_PACKED = 9,
  CHECKSUM = 13,
  PREFIX = 21,
  BLOCK = 5,  /* bytes before what a stored block holds */
  LENGTH = 6, /* bytes before a header that is not deflated */
};

static uint8_t *room_for(size_t bytes) {
  uint8_t *room = malloc(bytes);
  fuzz_need(room != NULL, "memory");
  return room;
}

static void put_size(uint8_t *to, size_t size) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)(size >> 8 * i);
}

static void mend(uint8_t *file, size_t bytes) {
  esp_sha256 sum;
  char hex[65], digits[3] = "";
  file[VERSION] = 1;
  esp_sha256_start(&sum);
  esp_sha256_add(&sum, file, CHECKSUM);
  esp_sha256_add(&sum, file + PREFIX, bytes - PREFIX);
  esp_sha256_end(&sum, hex);
  for (int i = 0; i < PREFIX - CHECKSUM; i++) {
    memcpy(digits, hex + 2 * i, 2);
    file[CHECKSUM + i] = (uint8_t)strtoul(digits, NULL, 16);
  }
}

/* A file of this header, in one block that is stored (RFC 1951, 3.2.4), and of what stands behind
 * it: the coded tensors. */
static uint8_t *join(const uint8_t *header, size_t length, size_t coded, size_t *size) {
  const uint8_t block[BLOCK] = {1, (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)~length,
                                (uint8_t)(~length >> 8)};
  uint8_t *file = room_for(*size = PREFIX + BLOCK + length + coded);
  memcpy(file, "ESPK", VERSION);
  put_size(file + HEADER_TEXT, length);
  put_size(file + HEADER_PACKED, BLOCK + length);
  memcpy(file + PREFIX, block, BLOCK);
  memcpy(file + PREFIX + BLOCK, header, length + coded);
  return file;
}

uint8_t *fuzz_packed(const uint8_t *data, size_t bytes, size_t *size) {
  uint8_t *file;
  if (bytes >= LENGTH && memcmp(data, "ESPT", 4) == 0) {
    const size_t said = (size_t)(data[4] | data[5] << 8), rest = bytes - LENGTH,
                 header = said < rest ? said : rest;
    file = join(data + LENGTH, header, rest - header, size);
  } else {
    file = room_for(*size = bytes);
    memcpy(file, data, bytes);
  }
  if (*size >= PREFIX && memcmp(file, "ESPK", VERSION) == 0) mend(file, *size);
  return file;
}
