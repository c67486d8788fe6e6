#include "report/picture.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* In the place of stb's own compression, which ends the process where memory is short. */
static unsigned char *compress_pixels(unsigned char *data, int bytes, int *compressed,
                                      int quality) {
  uLongf length = compressBound((uLong)bytes);
  unsigned char *to = malloc(length);
  if (to && compress2(to, &length, data, (uLong)bytes, quality) != Z_OK) {
    free(to);
    to = NULL;
  }
  *compressed = (int)length;
  return to;
}

/* The symbols stay inside this file, so that a program may link its own copy. */
#define STBIW_ZLIB_COMPRESS compress_pixels
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb_image_write.h>

/* RFC 4648 */
static char *base64(const uint8_t *data, size_t bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *text = malloc((bytes + 2) / 3 * 4 + 1), *to = text;
  for (size_t i = 0; text && i < bytes; i += 3) {
    uint32_t bits = (uint32_t)data[i] << 16;
    if (i + 1 < bytes) bits |= (uint32_t)data[i + 1] << 8;
    if (i + 2 < bytes) bits |= data[i + 2];
    *to++ = digits[bits >> 18];
    *to++ = digits[bits >> 12 & 63];
    *to++ = i + 1 < bytes ? digits[bits >> 6 & 63] : '=';
    *to++ = i + 2 < bytes ? digits[bits & 63] : '=';
  }
  if (text) *to = '\0';
  return text;
}

char *esp__picture_base64(const uint8_t *pixels, int width, int height) {
  int bytes = 0;
  unsigned char *png = stbi_write_png_to_mem(pixels, 4 * width, width, height, 4, &bytes);
  char *text = png ? base64(png, (size_t)bytes) : NULL;
  free(png);
  return text;
}
