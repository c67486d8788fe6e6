/* Numbers of other widths in files of others become 32-bit floating point. */
#include "base/bundle.h"

#include <stdlib.h>
#include <string.h>

/* IEEE 754: the nearest of 32 bits is the number itself for F16 and BF16. */
static float of_f16(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
  const uint32_t fraction = half & 1023;
  uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
  float value;
  if (exponent == 31) bits = sign | 0x7f800000 | fraction << 13;
  if (exponent == 0) {
    value = (float)fraction * 0x1p-24f;
    memcpy(&bits, &value, sizeof bits);
    bits |= sign;
  }
  memcpy(&value, &bits, sizeof value);
  return value;
}

static float of_bf16(uint16_t top) {
  const uint32_t bits = (uint32_t)top << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Numbers may lie at any byte. */
static float number_at(const char *from, int dtype) {
  uint16_t half;
  double wide;
  if (dtype == ESP_F64) {
    memcpy(&wide, from, sizeof wide);
    return (float)wide;
  }
  memcpy(&half, from, sizeof half);
  return dtype == ESP_F16 ? of_f16(half) : of_bf16(half);
}

static size_t width_of(int dtype) {
  return dtype == ESP_F64 ? 8 : dtype == ESP_F16 || dtype == ESP_BF16 ? 2 : 0;
}

/* Bytes of a blob once it is loaded. */
static size_t loaded(const esp_blob *blob) {
  const size_t width = width_of((int)blob->dtype);
  return width > 0 ? blob->bytes / width * sizeof(float) : blob->bytes;
}

static size_t aligned(size_t bytes) {
  return (bytes + 7) / 8 * 8;
}

static void move(esp_blob *blob, char *to) {
  const int dtype = (int)blob->dtype;
  const size_t width = width_of(dtype), bytes = loaded(blob);
  const char *from = blob->data;
  if (width == 0) {
    memmove(to, from, bytes);
  } else {
    for (size_t i = 0; i < bytes / sizeof(float); i++) {
      const float value = number_at(from + i * width, dtype);
      memcpy(to + i * sizeof value, &value, sizeof value);
    }
    blob->dtype = ESP_F32;
  }
  blob->data = to;
  blob->bytes = bytes;
}

/* The storage itself will do where nothing grows: prefix and header make room, as a tensor's entry
 * in the header is longer than the 7 bytes that rounding may cost it, so none moves up. */
esp_status esp__bundle_widen(esp_bundle *b, const char *path, esp_error *err) {
  size_t bytes = 0;
  bool grows = false;
  for (int i = 0; i < b->blobs; i++) {
    grows = grows || width_of((int)b->blob[i].dtype) > 0;
    bytes += aligned(loaded(&b->blob[i]));
  }
  char *storage = grows ? malloc(bytes + 1) : b->storage;
  if (!storage) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  char *to = storage;
  for (int i = 0; i < b->blobs; i++) {
    move(&b->blob[i], to);
    to += aligned(b->blob[i].bytes);
  }
  if (grows) free(b->storage);
  b->storage = storage;
  return ESP_OK;
}
