#include "data/whole.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>

static const uint8_t png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
enum {
  JPEG_SOI = 0xd8,
  JPEG_DHT = 0xc4,
  JPEG_EOI = 0xd9,
  JPEG_SOS = 0xda,
  JPEG_RST0 = 0xd0,
  JPEG_RST7 = 0xd7,
  JPEG_TEM = 0x01
};

static esp_status cut(const char *path, size_t at, const char *what, esp_error *err) {
  return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: %s", path, at, what);
}

/* From `at`, inside coded data, to the 0xff of the next marker; `bytes` if there is none. */
static size_t skip_coded(const uint8_t *data, size_t bytes, size_t at) {
  for (; at + 1 < bytes; at++) {
    int next = data[at + 1];
    bool stuffed = next == 0 || next == 0xff || (next >= JPEG_RST0 && next <= JPEG_RST7);
    if (data[at] == 0xff && !stuffed) return at;
  }
  return bytes;
}

/* The Huffman tables of a segment [at, end): a byte, 16 counts of codes, as many values, at most
 * 256. Releases of stb_image before 2023 copy any number of them into room for 256. */
static bool tables_sound(const uint8_t *data, size_t at, size_t end) {
  while (end - at >= 17) {
    size_t values = 0;
    for (int i = 1; i <= 16; i++) values += data[at + (size_t)i];
    if (values > 256 || values > end - at - 17) return false;
    at += 17 + values;
  }
  return at == end;
}

static esp_status jpeg_whole(const char *path, const uint8_t *data, size_t bytes, esp_error *err) {
  size_t at = 2;
  while (bytes - at >= 2) {
    if (data[at] != 0xff) return cut(path, at, "expected a JPEG marker", err);
    int marker = data[at + 1];
    if (marker == JPEG_EOI) return ESP_OK;
    at += marker == 0xff ? 1 : 2; /* 0xff may be repeated */
    if (marker == 0xff || marker == JPEG_TEM || (marker >= JPEG_RST0 && marker <= JPEG_RST7))
      continue;
    if (bytes - at < 2) break;
    size_t length = (size_t)data[at] << 8 | data[at + 1];
    if (length < 2) return cut(path, at, "JPEG segment of impossible length", err);
    if (length > bytes - at) break;
    if (marker == JPEG_DHT && !tables_sound(data, at + 2, at + length))
      return cut(path, at, "JPEG segment of impossible Huffman tables", err);
    at += length;
    if (marker == JPEG_SOS) at = skip_coded(data, bytes, at);
  }
  return cut(path, bytes, "JPEG ends before its end marker: cut short", err);
}

static uint32_t big_endian(const uint8_t *b) {
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static esp_status png_whole(const char *path, const uint8_t *data, size_t bytes, esp_error *err) {
  size_t at = sizeof png_signature;
  while (bytes - at >= 12) { /* length, type, data, CRC */
    uint32_t length = big_endian(data + at);
    if (length > bytes - at - 12) break;
    if (crc32(crc32(0, NULL, 0), data + at + 4, length + 4) != big_endian(data + at + 8 + length))
      return cut(path, at, "PNG chunk with a wrong CRC-32", err);
    if (memcmp(data + at + 4, "IEND", 4) == 0) return ESP_OK;
    at += 12 + (size_t)length;
  }
  return cut(path, bytes, "PNG ends before its IEND chunk: cut short", err);
}

esp_status esp__picture_whole(const char *path, const uint8_t *data, size_t bytes, esp_error *err) {
  if (bytes >= 2 && data[0] == 0xff && data[1] == JPEG_SOI)
    return jpeg_whole(path, data, bytes, err);
  if (bytes >= sizeof png_signature && memcmp(data, png_signature, sizeof png_signature) == 0)
    return png_whole(path, data, bytes, err);
  return cut(path, 0, "neither JPEG nor PNG", err);
}
