#include "data/stb.h"

#include <limits.h>
#include <stdlib.h>

/* A picture of the largest size needs 512 MiB (16 bits, four channels). Zlib data in a PNG that
 * swells beyond twice that is an attack, and stb_image would follow it to 4 GiB. */
static const size_t memory_limit = (size_t)1 << 30;

/* errno tells want of memory from what is refused. Memory begins as zeros: what a damaged picture
 * does not say must not be what was in memory before. */
static void *bounded_calloc(size_t bytes) {
  return bytes > memory_limit ? NULL : calloc(1, bytes);
}
static void *bounded_realloc(void *old, size_t bytes) {
  return bytes > memory_limit ? NULL : realloc(old, bytes);
}

#define STBI_MALLOC(bytes) bounded_calloc(bytes)
#define STBI_REALLOC(old, bytes) bounded_realloc(old, bytes)
#define STBI_FREE(old) free(old)
#define STBI_MAX_DIMENSIONS ESP_PICTURE_SIDE_MAX
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_GIF
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION

#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#ifndef __clang__ /* which does not know it */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <stb_image.h>

bool esp__stb_sides(const uint8_t *data, size_t bytes, int *width, int *height) {
  int channels;
  return bytes <= INT_MAX && stbi_info_from_memory(data, (int)bytes, width, height, &channels);
}

bool esp__stb_header_sound(const uint8_t *data, size_t bytes) {
  int width, height;
  return esp__stb_sides(data, bytes, &width, &height);
}

uint8_t *esp__stb_decode(const uint8_t *data, size_t bytes, int channels, int *width, int *height,
                         const char **why) {
  int in_file;
  uint8_t *pixels = bytes <= INT_MAX
                        ? stbi_load_from_memory(data, (int)bytes, width, height, &in_file, channels)
                        : NULL;
  if (!pixels) *why = stbi_failure_reason();
  return pixels;
}
