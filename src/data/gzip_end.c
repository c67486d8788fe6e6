#include "data/gzip_end.h"

#include "base/reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { IN = 1 << 16, OUT = 1 << 16, GZIP = 16 + MAX_WBITS };

/* The last four bytes of a file of one stream are the number of bytes it holds: then nothing is
 * behind it. */
static bool ends_with_length(FILE *f, uint64_t bytes) {
  unsigned char end[4];
  if (fseek(f, -4, SEEK_END) != 0 || fread(end, 1, 4, f) != 4) return false;
  const uint32_t length =
      (uint32_t)end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 | (uint32_t)end[3] << 24;
  return length == (uint32_t)bytes;
}

/* Goes on to the next stream; false when what follows is none. */
static bool next_stream(z_stream *z) {
  return z->next_in[0] == 0x1f && inflateReset(z) == Z_OK;
}

/* Whether the streams are all of the file, which is sound up to the end of each. */
static bool is_all_streams(FILE *f, z_stream *z) {
  unsigned char in[IN], out[OUT];
  int code = Z_OK;
  rewind(f);
  for (size_t got; (got = fread(in, 1, IN, f)) > 0;) {
    z->next_in = in;
    z->avail_in = (unsigned)got;
    while (z->avail_in > 0) {
      if (code == Z_STREAM_END && !next_stream(z)) return false;
      z->next_out = out;
      z->avail_out = OUT;
      code = inflate(z, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return false;
    }
  }
  return code == Z_STREAM_END;
}

esp_status esp__gzip_ends(const char *path, uint64_t bytes, esp_error *err) {
  z_stream z = {0};
  FILE *f = fopen(path, "rb");
  if (!f) return esp_fail(err, esp__status_of(errno), "%s: cannot open: %s", path, strerror(errno));
  esp_status status = ESP_OK;
  if (!ends_with_length(f, bytes)) {
    if (inflateInit2(&z, GZIP) != Z_OK)
      status = esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
    else if (!is_all_streams(f, &z))
      status = ferror(f) ? esp_fail(err, ESP_ERR_IO, "%s: cannot read: %s", path, strerror(errno))
                         : esp_fail(err, ESP_ERR_INPUT,
                                    "%s: has something behind the end of its compressed data; "
                                    "expected nothing",
                                    path);
    inflateEnd(&z);
  }
  fclose(f);
  return status;
}
