/* JPEG and PNG, and the Exif blocks in them. */
#include "data/orientation.h"
#include "data/stb.h"
#include "data/whole.h"
#include "fuzz.h"

#include <espalier/data.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Pixels of a picture that is decoded. Larger ones run through the same loops more often. */
static const int pixels_max = 64 * 64;

enum { SIGNATURE = 8, CHUNK = 12 }; /* length and type, 4 bytes each, the data, CRC */

static uint32_t number(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Gives the chunks of a PNG their right checksums. */
static void mend(uint8_t *file, size_t bytes) {
  if (bytes < SIGNATURE || memcmp(file, "\x89PNG", 4) != 0) return;
  for (size_t at = SIGNATURE; bytes - at >= CHUNK;) {
    const size_t length = number(file + at);
    if (length > bytes - at - CHUNK) return;
    const uint32_t sum = (uint32_t)crc32(0, file + at + 4, (uInt)length + 4);
    for (size_t i = 0; i < 4; i++) file[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
    at += CHUNK + length;
  }
}

static void load(const uint8_t *file, size_t bytes) {
  uint8_t pixels[3 * 8 * 8];
  int width, height;
  esp_error err;
  if (esp__picture_whole("picture", file, bytes, &err) == ESP_OK &&
      esp__stb_sides(file, bytes, &width, &height) && width * height > pixels_max) {
    (void)esp__exif_orientation(file, bytes);
    return;
  }
  const char *path = fuzz_file(file, bytes);
  (void)esp_picture_load(path, (esp_shape){3, 8, 8}, pixels, &err);
  (void)esp_picture_load(path, (esp_shape){1, 5, 3}, pixels, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  uint8_t *file = malloc(bytes + 1);
  fuzz_need(file != NULL, "memory");
  memcpy(file, data, bytes);
  mend(file, bytes);
  if (memcmp(file, data, bytes) != 0) load(data, bytes);
  load(file, bytes);
  free(file);
  return 0;
}
