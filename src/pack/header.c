#include "pack/header.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- as text ---- */

static void print_header(FILE *out, const esp_bundle *b) {
  for (int i = 0; i < b->texts; i++)
    fprintf(out, "text %zu %s\n%s\n", strlen(b->text[i]), b->key[i], b->text[i]);
  for (int i = 0; i < b->blobs; i++) {
    const esp_blob *t = &b->blob[i];
    fprintf(out, "f32 %d", t->rank);
    for (int d = 0; d < t->rank; d++) fprintf(out, " %" PRId64, t->shape[d]);
    fprintf(out, " %s\n", t->name);
  }
}

esp_status esp__pack_header_write(const esp_bundle *b, char **text, size_t *bytes, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the header of a packed file", err));
  print_header(t.out, b);
  ESP_TRY(esp__text_end(&t, err));
  *text = t.data;
  *bytes = t.bytes;
  return ESP_OK;
}

/* A text that is read from its beginning. */
typedef struct reader {
  const char *at, *end;
} reader;

static bool take(reader *r, const char *word) {
  const size_t length = strlen(word);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) return false;
  r->at += length;
  return true;
}

/* A number of at most 18 digits, and the space behind it. */
static bool take_number(reader *r, int64_t *number) {
  int digits = 0;
  *number = 0;
  for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits < 18; digits++)
    *number = 10 * *number + (*r->at++ - '0');
  return digits > 0 && take(r, " ");
}

static esp_status no_header(esp_error *err) {
  return esp_fail(err, ESP_ERR_INPUT, "its header does not parse");
}

/* The rest of the line, newly allocated. Fails where there is none, or a NUL in it. */
static esp_status take_line(reader *r, char **line, esp_error *err) {
  const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
  if (!end || memchr(r->at, 0, (size_t)(end - r->at))) return no_header(err);
  if (!(*line = strndup(r->at, (size_t)(end - r->at))))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for its header");
  r->at = end + 1;
  return ESP_OK;
}

static esp_status take_text(reader *r, esp_bundle *b, const char *key, int64_t bytes,
                            esp_error *err) {
  if (bytes >= r->end - r->at || r->at[bytes] != '\n' || memchr(r->at, 0, (size_t)bytes))
    return esp_fail(err, ESP_ERR_INPUT, "the text '%s' is cut short", key);
  char *text = strndup(r->at, (size_t)bytes);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  r->at += bytes + 1;
  const esp_status status = esp_bundle_add_text(b, key, text, err);
  free(text);
  return status;
}

static esp_status read_text(reader *r, esp_bundle *b, esp_error *err) {
  int64_t bytes;
  char *key;
  if (!take_number(r, &bytes)) return no_header(err);
  ESP_TRY(take_line(r, &key, err));
  const esp_status status = take_text(r, b, key, bytes, err);
  free(key);
  return status;
}

static esp_status read_tensor(reader *r, esp_bundle *b, esp_error *err) {
  int64_t rank, shape[4];
  char *name;
  bool good = take_number(r, &rank) && rank <= 4;
  for (int64_t i = 0; good && i < rank; i++) good = take_number(r, &shape[i]);
  if (!good) return no_header(err);
  ESP_TRY(take_line(r, &name, err));
  const esp_status status = esp_bundle_add(b, name, ESP_F32, (int)rank, shape, NULL, err);
  free(name);
  return status;
}

esp_status esp__pack_header_read(esp_bundle *b, const char *name, const char *text, size_t bytes,
                                 esp_error *err) {
  reader r = {text, text + bytes};
  esp_error why;
  esp_status status = ESP_OK;
  while (status == ESP_OK && r.at < r.end)
    status = take(&r, "text ")  ? read_text(&r, b, &why)
             : take(&r, "f32 ") ? read_tensor(&r, b, &why)
                                : no_header(&why);
  return status == ESP_OK ? ESP_OK : esp_fail(err, status, "%s: %s", name, why.text);
}

/* ---- deflated ---- */

/* What headers say, the likeliest last (RFC 1950, preset dictionary). It is part of the format:
 * another text is another version. */
static const char dictionary[] =
    "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n"
    "T-shirt/top\nTrouser\nPullover\nDress\nCoat\nSandal\nShirt\nSneaker\nBag\nAnkle boot\n"
    "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"
    "leaky_relu\nsigmoid\ntanh\ngelu\nfatrelu \ngate \ndropout 0.5\navgpool 2\n"
    "subsample 32 stride 2\n"
    "concat\nbranch\ngroup layer1\ngroup layer2\ngroup layer3\ngroup features\ngroup head\n"
    "residual block1\nresidual\n  conv 16 3x3\n  bn\n  relu\n  conv 32 3x3 stride 2\n  bn\n"
    "shortcut\n  conv 64 1x1 stride 2\n  bn\nend\nrelu\nrepeat 2\n"
    "conv 8 3x3 pad 1\nconv 128 3x3\nbn\nrelu\nmaxpool 2\nconv 256 3x3 groups 1 nobias\n"
    "global_avgpool\nflatten\nlinear 300\nrelu\nlinear 100\nlinear classes\nlinear 10\n"
    "[data]\ndataset = cifar10\npath = datasets/\ndataset = idx\npath = /usr/share/datasets/"
    "fashion-mnist\nmean = 0.\nstd = 0.\naugment = crop flip\ntasks = \n[model]\narch = custom\n"
    "layers =\n  input = 3x32x32\n[train]\n[prune]\nmethod = magnitude\n"
    "text 20 espalier.config\ntext 20 espalier.layers\ntext 70 espalier.classes\n"
    "text 7 espalier.input\n1x28x28\ntext 7 espalier.input\n3x32x32\n"
    "f32 1 64 layer3.0.bn1.shift\nf32 1 64 layer2.1.bn2.mean\nf32 1 32 layer1.0.bn1.var\n"
    "f32 4 64 64 3 3 layer1.0.conv1.weight\nf32 4 64 64 1 1 layer1.0.shortcut.conv1.weight\n"
    "f32 4 16 3 3 3 conv1.weight\nf32 1 16 conv1.bias\nf32 1 16 bn1.scale\nf32 1 16 bn1.shift\n"
    "f32 1 16 bn1.mean\nf32 1 16 bn1.var\nf32 2 10 64 linear1.weight\nf32 1 10 linear1.bias\n";
enum { DICTIONARY = sizeof dictionary - 1, RAW = -15 };

esp_status esp__pack_deflate(const char *text, size_t bytes, uint8_t **packed, size_t *packed_bytes,
                             esp_error *err) {
  z_stream z = {0};
  *packed = NULL;
  if (bytes > ESP_PACK_HEADER_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "names and texts of %zu bytes; a packed file has room for %d", bytes,
                    ESP_PACK_HEADER_MAX);
  if (deflateInit2(&z, 9, Z_DEFLATED, RAW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the header of a packed file");
  const size_t room = deflateBound(&z, (uLong)bytes);
  *packed = malloc(room);
  z.next_in = (Bytef *)(uintptr_t)text;
  z.avail_in = (uInt)bytes;
  z.next_out = *packed;
  z.avail_out = (uInt)room;
  const bool good = *packed &&
                    deflateSetDictionary(&z, (const Bytef *)dictionary, DICTIONARY) == Z_OK &&
                    deflate(&z, Z_FINISH) == Z_STREAM_END;
  *packed_bytes = z.total_out;
  deflateEnd(&z);
  if (good) return ESP_OK;
  free(*packed);
  *packed = NULL;
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the header of a packed file");
}

esp_status esp__pack_inflate(const char *name, const uint8_t *packed, size_t packed_bytes,
                             char *text, size_t bytes, esp_error *err) {
  z_stream z = {0};
  if (inflateInit2(&z, RAW) != Z_OK) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  z.next_in = (Bytef *)(uintptr_t)packed;
  z.avail_in = (uInt)packed_bytes;
  z.next_out = (Bytef *)text;
  z.avail_out = (uInt)bytes;
  int result = inflateSetDictionary(&z, (const Bytef *)dictionary, DICTIONARY);
  if (result == Z_OK) result = inflate(&z, Z_FINISH);
  const bool whole = result == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0;
  inflateEnd(&z);
  if (result == Z_MEM_ERROR)
    return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for its header", name);
  return whole ? ESP_OK : esp_fail(err, ESP_ERR_INPUT, "%s: its header does not inflate", name);
}
