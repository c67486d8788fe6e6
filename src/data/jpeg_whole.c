/* The segments of a JPEG file (ITU-T T.81, annex B). */
#include "data/jpeg_whole.h"

#include "data/stb.h"

#include <stdbool.h>

enum {
  SOF0 = 0xc0, /* frames: baseline, extended, progressive */
  SOF1 = 0xc1,
  SOF2 = 0xc2,
  DHT = 0xc4,
  RST0 = 0xd0,
  RST7 = 0xd7,
  EOI = 0xd9,
  SOS = 0xda,
  DQT = 0xdb,
  TEM = 0x01
};
enum { TABLES = 4, COMPONENTS = 4 };
typedef enum coefficients { DC, AC, COEFFICIENTS } coefficients;

typedef struct component {
  uint8_t name, quantiser;
  bool scanned;
} component;

/* What the segments so far have said. */
typedef struct jpeg {
  bool progressive, quantiser[TABLES], huffman[COEFFICIENTS][TABLES];
  int components;
  component component[COMPONENTS];
} jpeg;

/* The bytes of a segment behind its length. */
typedef struct segment {
  const uint8_t *data;
  size_t bytes;
} segment;

/* From `at`, inside coded data, to the 0xff of the next marker; `bytes` if there is none. */
static size_t skip_coded(const uint8_t *data, size_t bytes, size_t at) {
  for (; at + 1 < bytes; at++) {
    const int next = data[at + 1];
    const bool stuffed = next == 0 || next == 0xff || (next >= RST0 && next <= RST7);
    if (data[at] == 0xff && !stuffed) return at;
  }
  return bytes;
}

/* Each: a byte for kind and number, 16 counts of codes, as many values, at most 256. */
static bool take_huffman(jpeg *j, segment s) {
  while (s.bytes >= 17) {
    const int kind = s.data[0] >> 4, number = s.data[0] & 15;
    size_t length = 0;
    for (int i = 1; i <= 16; i++) length += s.data[i];
    if (length > 256 || length > s.bytes - 17 || kind >= COEFFICIENTS || number >= TABLES)
      return false;
    j->huffman[kind][number] = true;
    s = (segment){s.data + 17 + length, s.bytes - 17 - length};
  }
  return s.bytes == 0;
}

/* Each: a byte for precision and number, 64 values of one byte or two. */
static bool take_quantisers(jpeg *j, segment s) {
  while (s.bytes > 0) {
    const int number = s.data[0] & 15;
    const size_t length = s.data[0] >> 4 ? 1 + 2 * 64 : 1 + 64;
    if (number >= TABLES || length > s.bytes) return false;
    j->quantiser[number] = true;
    s = (segment){s.data + length, s.bytes - length};
  }
  return true;
}

/* Precision, two bytes each for height and width, the number of components; for each its name,
 * sampling, and table. */
static bool take_frame(jpeg *j, segment s) {
  if (s.bytes < 6 || s.data[5] > COMPONENTS || s.bytes != 6 + 3 * (size_t)s.data[5]) return false;
  j->components = s.data[5];
  for (int i = 0; i < j->components; i++)
    j->component[i] = (component){s.data[6 + 3 * i], s.data[8 + 3 * i], false};
  return true;
}

_Static_assert(ESP_PICTURE_SIDE_MAX == 8192, "a message says it");

static bool is_huge(segment frame) {
  const int height = frame.data[1] << 8 | frame.data[2], width = frame.data[3] << 8 | frame.data[4];
  return height > ESP_PICTURE_SIDE_MAX || width > ESP_PICTURE_SIDE_MAX;
}

/* Whether there are the tables for the component; `numbers` are those of its Huffman tables. Of a
 * progressive JPEG a scan has either DC, where only the first uses codes, or AC. */
static bool has_tables(const jpeg *j, const component *c, int numbers, bool has_dc, bool refines) {
  const int dc = numbers >> 4, ac = numbers & 15;
  const bool need_dc = !j->progressive || (has_dc && !refines),
             need_ac = !j->progressive || !has_dc;
  if (dc >= TABLES || ac >= TABLES || c->quantiser >= TABLES) return false;
  return j->quantiser[c->quantiser] && (!need_dc || j->huffman[DC][dc]) &&
         (!need_ac || j->huffman[AC][ac]);
}

/* The number of components; for each its name and its tables; the first and the last coefficient,
 * and the bits. */
static bool take_scan(jpeg *j, segment s) {
  if (s.bytes < 4 || s.bytes != 4 + 2 * (size_t)s.data[0]) return false;
  const uint8_t *last = s.data + s.bytes - 3;
  for (size_t i = 1; i < s.bytes - 3; i += 2) {
    component *c = j->component;
    while (c < j->component + j->components && c->name != s.data[i]) c++;
    if (c == j->component + j->components) return false;
    if (!has_tables(j, c, s.data[i + 1], last[0] == 0, last[2] >> 4)) return false;
    c->scanned = true;
  }
  return true;
}

/* NULL: the segment is sound. */
static const char *take(jpeg *j, int marker, segment s) {
  switch (marker) {
    case DHT:
      return take_huffman(j, s) ? NULL : "JPEG segment of impossible Huffman tables";
    case DQT:
      return take_quantisers(j, s) ? NULL : "JPEG segment of impossible quantisation tables";
    case SOF0:
    case SOF1:
    case SOF2:
      j->progressive = marker == SOF2;
      if (!take_frame(j, s)) return "JPEG segment of an impossible frame";
      return is_huge(s) ? "JPEG announces more than 8192x8192 pixels" : NULL;
    case SOS:
      return take_scan(j, s) ? NULL : "JPEG scan of components or with tables that are not there";
  }
  return NULL;
}

static const char *end(const jpeg *j) {
  for (int i = 0; i < j->components; i++)
    if (!j->component[i].scanned) return "JPEG ends without a scan of every component";
  return NULL;
}

/* Goes from the marker at `*at` to the next, *done: there is none. Returns what is wrong, or
 * NULL. */
static const char *next(jpeg *j, const uint8_t *data, size_t bytes, size_t *at, bool *done) {
  const int marker = data[*at + 1];
  if (data[*at] != 0xff) return "expected a JPEG marker";
  if ((*done = marker == EOI)) return end(j);
  *at += marker == 0xff ? 1 : 2; /* 0xff may be repeated */
  if (marker == 0xff || marker == TEM || (marker >= RST0 && marker <= RST7)) return NULL;
  const size_t rest = bytes - *at;
  const size_t length = rest < 2 ? rest + 1 : (size_t)data[*at] << 8 | data[*at + 1];
  if (rest >= 2 && length < 2) return "JPEG segment of impossible length";
  if (length > rest) return *at = bytes, NULL;
  const char *wrong = take(j, marker, (segment){data + *at + 2, length - 2});
  if (wrong) return wrong;
  *at += length;
  if (marker == SOS) *at = skip_coded(data, bytes, *at);
  return NULL;
}

esp_status esp__jpeg_whole(const char *path, const uint8_t *data, size_t bytes, esp_error *err) {
  jpeg j = {0};
  bool done = false;
  size_t at = 2;
  const char *wrong = NULL;
  while (!wrong && !done && bytes - at >= 2) wrong = next(&j, data, bytes, &at, &done);
  if (done && !wrong) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: %s", path, wrong ? at : bytes,
                  wrong ? wrong : "JPEG ends before its end marker: cut short");
}
