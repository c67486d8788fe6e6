#include "data/orientation.h"

#include <stdlib.h>
#include <string.h>

enum {
  JPEG_APP1 = 0xe1,
  JPEG_SOS = 0xda,
  TIFF_MAGIC = 42,
  TIFF_SHORT = 3,
  ENTRY_BYTES = 12,
  TAG_ORIENTATION = 0x0112
};

/* A TIFF structure: bytes, and the order in which its numbers have theirs. */
typedef struct tiff {
  const uint8_t *data;
  size_t bytes;
  bool big_endian;
} tiff;

static uint32_t number(const tiff *t, size_t at, int width) {
  uint32_t value = 0;
  for (int i = 0; i < width; i++)
    value |= (uint32_t)t->data[at + (size_t)i] << 8 * (t->big_endian ? width - 1 - i : i);
  return value;
}

/* The tag of the first directory, where a camera puts it. */
static int orientation_of(tiff t) {
  if (t.bytes < 8) return 1;
  t.big_endian = t.data[0] == 'M';
  if (memcmp(t.data, t.big_endian ? "MM" : "II", 2) != 0 || number(&t, 2, 2) != TIFF_MAGIC)
    return 1;
  size_t at = number(&t, 4, 4);
  if (at > t.bytes - 2) return 1;
  const uint32_t entries = number(&t, at, 2);
  at += 2;
  for (uint32_t i = 0; i < entries && t.bytes - at >= ENTRY_BYTES; i++, at += ENTRY_BYTES) {
    if (number(&t, at, 2) != TAG_ORIENTATION) continue;
    const uint32_t value = number(&t, at + 8, 2);
    const bool sound = number(&t, at + 2, 2) == TIFF_SHORT && number(&t, at + 4, 4) == 1;
    return sound && value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

static int jpeg_orientation(const uint8_t *data, size_t bytes) {
  static const char name[6] = "Exif\0";
  size_t at = 2;
  while (bytes - at >= 4 && data[at] == 0xff && data[at + 1] != JPEG_SOS) {
    const size_t length = (size_t)data[at + 2] << 8 | data[at + 3];
    if (length < 2 || length > bytes - at - 2) return 1;
    if (data[at + 1] == JPEG_APP1 && length >= 2 + sizeof name &&
        memcmp(data + at + 4, name, sizeof name) == 0)
      return orientation_of((tiff){data + at + 4 + sizeof name, length - 2 - sizeof name, false});
    at += 2 + length;
  }
  return 1;
}

static int png_orientation(const uint8_t *data, size_t bytes) {
  size_t at = 8;
  while (bytes - at >= 12) { /* length, type, data, CRC */
    const size_t length = number(&(tiff){data, bytes, true}, at, 4);
    if (length > bytes - at - 12) return 1;
    if (memcmp(data + at + 4, "eXIf", 4) == 0)
      return orientation_of((tiff){data + at + 8, length, false});
    at += 12 + length;
  }
  return 1;
}

int esp__exif_orientation(const uint8_t *data, size_t bytes) {
  if (bytes >= 2 && data[0] == 0xff && data[1] == 0xd8) return jpeg_orientation(data, bytes);
  if (bytes >= 8 && memcmp(data, "\x89PNG", 4) == 0) return png_orientation(data, bytes);
  return 1;
}

/* Which stored pixel is at (row, column) of the upright picture. An orientation says where the
 * stored picture's first row and first column belong: 6, for instance, that the first row is the
 * right side and the first column the top. */
static size_t stored(int orientation, int width, int height, int row, int column) {
  const bool transposed = orientation >= 5;
  const bool last_row =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool last_column =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  int y = transposed ? column : row, x = transposed ? row : column;
  if (last_row) y = height - 1 - y;
  if (last_column) x = width - 1 - x;
  return (size_t)y * (size_t)width + (size_t)x;
}

bool esp__orient(uint8_t **pixels, int *width, int *height, int channels, int orientation) {
  if (orientation == 1) return true;
  const int w = *width, h = *height, rows = orientation >= 5 ? w : h,
            columns = orientation >= 5 ? h : w;
  const size_t pixel = (size_t)channels;
  uint8_t *upright = malloc((size_t)w * (size_t)h * pixel), *to = upright;
  if (!upright) return false;
  for (int row = 0; row < rows; row++)
    for (int column = 0; column < columns; column++, to += pixel)
      memcpy(to, *pixels + stored(orientation, w, h, row, column) * pixel, pixel);
  free(*pixels);
  *pixels = upright;
  *width = columns;
  *height = rows;
  return true;
}
