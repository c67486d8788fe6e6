/* The simplest PNG and JPEG writers that will do for tests. */
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

void put_big_endian(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A chunk, whose data may stand in its place already. Returns where the next one goes. */
static uint8_t *put_chunk(uint8_t *to, const char *type, const uint8_t *data, size_t bytes) {
  put_big_endian(to, (uint32_t)bytes);
  memcpy(to + 4, type, 4);
  if (bytes) memmove(to + 8, data, bytes);
  put_big_endian(to + 8 + bytes, (uint32_t)crc32(0, to + 4, (uInt)bytes + 4));
  return to + 12 + bytes;
}

static uint8_t *put_header(uint8_t *to, uint32_t width, uint32_t height, int channels) {
  uint8_t header[13] = {[8] = 8 /* bits */, [9] = channels == 3 ? 2 : 0};
  put_big_endian(header, width);
  put_big_endian(header + 4, height);
  memcpy(to, signature, sizeof signature);
  return put_chunk(to + sizeof signature, "IHDR", header, sizeof header);
}

void png_write_header(const char *folder, const char *name, uint32_t width, uint32_t height) {
  uint8_t png[45];
  file_write(folder, name, png,
             (size_t)(put_chunk(put_header(png, width, height, 3), "IEND", NULL, 0) - png));
}

void png_write(const char *folder, const char *name, int width, int height, int channels,
               const uint8_t *pixels) {
  size_t row = (size_t)width * (size_t)channels, raw = (size_t)height * (row + 1);
  uLongf packed = compressBound(raw);
  uint8_t *lines = malloc(raw), *png = malloc(packed + 100);
  need(lines && png, "malloc");
  for (size_t y = 0; y < (size_t)height; y++) {
    lines[y * (row + 1)] = 0; /* no filter */
    memcpy(lines + y * (row + 1) + 1, pixels + y * row, row);
  }
  uint8_t *at = put_header(png, (uint32_t)width, (uint32_t)height, channels);
  need(compress(at + 8, &packed, lines, raw) == Z_OK, "compress");
  at = put_chunk(put_chunk(at, "IDAT", at + 8, packed), "IEND", NULL, 0);
  file_write(folder, name, png, (size_t)(at - png));
  free(lines);
  free(png);
}

void png_write_plain(const char *folder, const char *name, int width, int height, uint8_t r,
                     uint8_t g, uint8_t b) {
  uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
  need(pixels != NULL, "malloc");
  for (int i = 0; i < width * height; i++) {
    pixels[3 * i] = r;
    pixels[3 * i + 1] = g;
    pixels[3 * i + 2] = b;
  }
  png_write(folder, name, width, height, 3, pixels);
  free(pixels);
}

/* Everything up to the size: every quantiser is 8, so a flat block of level v has the coefficient v
 * - 128. */
static uint8_t *put_quantisers(uint8_t *to) {
  memcpy(to, "\377\330\377\333\0\103\0", 7); /* SOI, DQT */
  memset(to + 7, 8, 64);
  return to + 71;
}

/* Huffman tables of codes of 4 bits: 12 sizes for DC, whose codes are then the sizes themselves;
 * end of block and 14 small coefficients for AC, so that end of block is 0000. */
static uint8_t *put_tables(uint8_t *to) {
  static const uint8_t dc[] = {0xff, 0xc4, 0, 31, 0x00, 0, 0, 0, 12},
                       ac[] = {0xff, 0xc4, 0, 34, 0x10, 0, 0, 0, 15};
  memset(to, 0, 69);
  memcpy(to, dc, sizeof dc);
  for (int i = 0; i < 12; i++) to[21 + i] = (uint8_t)i;
  memcpy(to + 33, ac, sizeof ac);
  for (int i = 0; i < 15; i++) to[54 + i] = (uint8_t)(i % 5 ? i % 5 + (i / 5 << 4) : i);
  to[54] = 0;
  return to + 69;
}

typedef struct bit_writer {
  uint8_t *to;
  unsigned bits, count;
} bit_writer;

static void put_bits(bit_writer *w, unsigned bits, unsigned count) {
  while (count-- > 0) {
    w->bits = w->bits << 1 | (bits >> count & 1);
    if (++w->count < 8) continue;
    *w->to++ = (uint8_t)w->bits;
    if ((w->bits & 255) == 255) *w->to++ = 0;
    w->count = 0;
  }
}

/* The difference to the block before, then end of block. */
static void put_block(bit_writer *w, int difference) {
  unsigned size = 0;
  while (abs(difference) >> size) size++;
  put_bits(w, size, 4);
  put_bits(w, (unsigned)(difference > 0 ? difference : difference - 1), size);
  put_bits(w, 0, 4);
}

void jpeg_write(const char *folder, const char *name, int columns, int rows,
                const uint8_t (*rgb)[3]) {
  uint8_t *jpeg = malloc(1024 + (size_t)(columns * rows) * 16);
  need(jpeg != NULL, "malloc");
  uint8_t *at = put_tables(put_quantisers(jpeg));
  const uint8_t frame[] = {0xff,
                           0xc0,
                           0,
                           17,
                           8,
                           (uint8_t)(rows >> 5),
                           (uint8_t)(rows << 3),
                           (uint8_t)(columns >> 5),
                           (uint8_t)(columns << 3),
                           3,
                           1,
                           0x11,
                           0,
                           2,
                           0x11,
                           0,
                           3,
                           0x11,
                           0};
  const uint8_t scan[] = {0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0};
  memcpy(at, frame, sizeof frame);
  memcpy(at + sizeof frame, scan, sizeof scan);
  bit_writer w = {.to = at + sizeof frame + sizeof scan};
  int before[3] = {0};
  for (int i = 0; i < columns * rows; i++) {
    double r = rgb[i][0], g = rgb[i][1], b = rgb[i][2], y = 0.299 * r + 0.587 * g + 0.114 * b;
    const int level[3] = {(int)(y + 0.5) - 128, (int)(128.5 + 0.564 * (b - y)) - 128,
                          (int)(128.5 + 0.713 * (r - y)) - 128};
    for (int c = 0; c < 3; c++) {
      put_block(&w, level[c] - before[c]);
      before[c] = level[c];
    }
  }
  put_bits(&w, 0x7f, 7); /* to the end of the byte */
  *w.to++ = 0xff;
  *w.to++ = 0xd9;
  file_write(folder, name, jpeg, (size_t)(w.to - jpeg));
  free(jpeg);
}
