#include "data/whole.h"

#include "data/jpeg_whole.h"

#include <string.h>
#include <zlib.h>

static const uint8_t png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
static const uint8_t jpeg_start[2] = {0xff, 0xd8};

static esp_status cut(const char *path, size_t at, const char *what, esp_error *err) {
  return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: %s", path, at, what);
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
  if (bytes >= sizeof jpeg_start && memcmp(data, jpeg_start, sizeof jpeg_start) == 0)
    return esp__jpeg_whole(path, data, bytes, err);
  if (bytes >= sizeof png_signature && memcmp(data, png_signature, sizeof png_signature) == 0)
    return png_whole(path, data, bytes, err);
  return cut(path, 0, "neither JPEG nor PNG", err);
}
