/* The packed file: signature, version, sizes, checksum; the header, deflated; the tensors, coded in
 * one stream. */
#include "base/first_bytes.h"
#include "pack/header.h"
#include "pack/tensor.h"

#include <espalier/pack.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t signature[4] = {'E', 'S', 'P', 'K'};
enum {
  VERSION = 1,
  AT_HEADER_TEXT = 5,   /* bytes of the header's text, 4 bytes, the lowest first */
  AT_HEADER_PACKED = 9, /* the same of the deflated text */
  AT_CHECKSUM = 13,     /* the first bytes of the SHA-256 of all that comes before and behind */
  CHECKSUM = 8,
  PREFIX = AT_CHECKSUM + CHECKSUM,
  /* A coded bit of a mask takes 1 / 2839 bits at least (see coder.c), so a file cannot rightly
   * claim to hold more values for its size. */
  VALUES_A_BYTE = 2839 * 8,
  FILE_MAX = 1 << 30
};

static void put_size(uint8_t *to, size_t size) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)(size >> (8 * i));
}
static size_t get_size(const uint8_t *from) {
  size_t size = 0;
  for (int i = 0; i < 4; i++) size |= (size_t)from[i] << (8 * i);
  return size;
}

static uint8_t digit(char hex) {
  return (uint8_t)(hex <= '9' ? hex - '0' : hex - 'a' + 10);
}

static void checksum(const uint8_t *data, size_t bytes, uint8_t check[CHECKSUM]) {
  esp_sha256 sum;
  char hex[65];
  esp_sha256_start(&sum);
  esp_sha256_add(&sum, data, AT_CHECKSUM);
  esp_sha256_add(&sum, data + PREFIX, bytes - PREFIX);
  esp_sha256_end(&sum, hex);
  for (int i = 0; i < CHECKSUM; i++)
    check[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
}

/* ---- writing ---- */

/* What the weights "NAME.weight" may be multiples of: the tensor "NAME.scale", a number for each
 * output, if it stands before them. NULL: there is none. */
static const float *step_of(const esp_bundle *b, int i) {
  static const char weight[] = "weight", scale[] = "scale";
  const char *name = b->blob[i].name;
  const size_t length = strlen(name), head = length - (sizeof weight - 1);
  if (length < sizeof weight || strcmp(name + head, weight) != 0) return NULL;
  for (int k = 0; k < i; k++) {
    const esp_blob *t = &b->blob[k];
    if (strncmp(t->name, name, head) == 0 && strcmp(t->name + head, scale) == 0 && t->rank == 1 &&
        t->shape[0] == b->blob[i].shape[0])
      return t->data;
  }
  return NULL;
}

static bool code_tensors(esp__coder *c, const esp_bundle *b) {
  esp__tensor_models *models = malloc(sizeof *models);
  bool good = models != NULL;
  c->failed |= !good;
  if (good) esp__float_model_start(&models->vectors);
  for (int i = 0; good && i < b->blobs; i++) {
    const esp_blob *t = &b->blob[i];
    good = esp__code_tensor(c, models, t->shape, t->rank, step_of(b, i), t->data);
  }
  free(models);
  return esp__coder_end(c) && good;
}

static esp_status join(const uint8_t *header, size_t header_bytes, size_t text_bytes,
                       const esp__coder *c, uint8_t **data, size_t *bytes, esp_error *err) {
  *bytes = PREFIX + header_bytes + c->out_bytes;
  if (*bytes > FILE_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "a packed file of %zu bytes, expected at most %d", *bytes,
                    FILE_MAX);
  if (!(*data = malloc(*bytes)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a packed file");
  memcpy(*data, signature, sizeof signature);
  (*data)[sizeof signature] = VERSION;
  put_size(*data + AT_HEADER_TEXT, text_bytes);
  put_size(*data + AT_HEADER_PACKED, header_bytes);
  memcpy(*data + PREFIX, header, header_bytes);
  if (c->out_bytes) memcpy(*data + PREFIX + header_bytes, c->out, c->out_bytes);
  checksum(*data, *bytes, *data + AT_CHECKSUM);
  return ESP_OK;
}

static esp_status encode(const esp_bundle *b, const char *text, size_t text_bytes, uint8_t **data,
                         size_t *bytes, esp_error *err) {
  esp__coder c;
  uint8_t *header;
  size_t header_bytes;
  ESP_TRY(esp__pack_deflate(text, text_bytes, &header, &header_bytes, err));
  esp__coder_encode(&c);
  esp_status status = code_tensors(&c, b)
                          ? join(header, header_bytes, text_bytes, &c, data, bytes, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for a packed file");
  free(header);
  free(c.out);
  return status;
}

esp_status esp_pack_encode(const esp_bundle *b, uint8_t **data, size_t *bytes, esp_error *err) {
  char *text;
  size_t text_bytes;
  for (int i = 0; i < b->blobs; i++)
    if (b->blob[i].dtype != ESP_F32)
      return esp_fail(err, ESP_ERR_INPUT, "tensor '%s' is not of F32: only weights can be packed",
                      b->blob[i].name);
  ESP_TRY(esp__pack_header_write(b, &text, &text_bytes, err));
  const esp_status status = encode(b, text, text_bytes, data, bytes, err);
  free(text);
  return status;
}

esp_status esp_pack_save(const esp_bundle *b, const char *path, size_t *bytes, esp_error *err) {
  uint8_t *data;
  size_t size;
  ESP_TRY(esp_pack_encode(b, &data, &size, err));
  const esp_status status = esp_file_write(path, data, size, err);
  free(data);
  if (bytes) *bytes = size;
  return status;
}

/* ---- reading ---- */

/* Each tensor begins at a multiple of 8 bytes. */
static size_t room_of(const esp_blob *t) {
  return (t->bytes + 7) / 8 * 8;
}

/* Memory for all tensors, which the header has named. */
static esp_status make_room(esp_bundle *b, const char *name, size_t file_bytes, esp_error *err) {
  const size_t most = file_bytes * VALUES_A_BYTE;
  size_t values = 0, room = 1;
  for (int i = 0; i < b->blobs; room += room_of(&b->blob[i++])) {
    if (b->blob[i].bytes / sizeof(float) > most - values)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: its tensors have more values than %zu bytes can hold", name, file_bytes);
    values += b->blob[i].bytes / sizeof(float);
  }
  if (!(b->storage = malloc(room)))
    return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for %zu values", name, values);
  char *at = b->storage;
  for (int i = 0; i < b->blobs; at += room_of(&b->blob[i++])) b->blob[i].data = at;
  return ESP_OK;
}

static esp_status decode_header(esp_bundle *b, const char *name, const uint8_t *data,
                                size_t text_bytes, size_t header_bytes, esp_error *err) {
  char *text = malloc(text_bytes + 1);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", name);
  esp_status status = esp__pack_inflate(name, data, header_bytes, text, text_bytes, err);
  if (status == ESP_OK) status = esp__pack_header_read(b, name, text, text_bytes, err);
  free(text);
  return status;
}

static esp_status decode(esp_bundle *b, const char *name, const uint8_t *data, size_t bytes,
                         esp_error *err) {
  const size_t text_bytes = get_size(data + AT_HEADER_TEXT),
               header_bytes = get_size(data + AT_HEADER_PACKED);
  uint8_t check[CHECKSUM];
  esp__coder c;
  checksum(data, bytes, check);
  if (memcmp(data + AT_CHECKSUM, check, CHECKSUM) != 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: its checksum is wrong: damaged or cut short", name);
  if (text_bytes > ESP_PACK_HEADER_MAX || header_bytes > bytes - PREFIX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: its header is longer than the file", name);
  ESP_TRY(decode_header(b, name, data + PREFIX, text_bytes, header_bytes, err));
  ESP_TRY(make_room(b, name, bytes, err));
  esp__coder_decode(&c, data + PREFIX + header_bytes, bytes - PREFIX - header_bytes);
  if (code_tensors(&c, b)) return ESP_OK;
  return c.failed ? esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for its tensors", name)
                  : esp_fail(err, ESP_ERR_INPUT, "%s: its tensors cannot be decoded", name);
}

static bool is_packed(const uint8_t *data, size_t bytes) {
  return bytes >= sizeof signature && memcmp(data, signature, sizeof signature) == 0;
}

esp_status esp_pack_decode(esp_bundle *b, const char *name, const uint8_t *data, size_t bytes,
                           esp_error *err) {
  *b = (esp_bundle){0};
  if (!is_packed(data, bytes) || bytes < PREFIX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: no packed file, or cut short", name);
  if (data[sizeof signature] != VERSION)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: a packed file of version %d; this program reads version %d", name,
                    data[sizeof signature], VERSION);
  const esp_status status = decode(b, name, data, bytes, err);
  if (status != ESP_OK) esp_bundle_free(b);
  return status;
}

bool esp_is_packed(const char *path) {
  uint8_t first[sizeof signature];
  return is_packed(first, esp__first_bytes(path, first, sizeof first));
}

esp_status esp_weights_bundle_load(esp_bundle *b, const char *path, esp_error *err) {
  char *data;
  size_t bytes;
  *b = (esp_bundle){0};
  if (!esp_is_packed(path)) return esp_bundle_load(b, path, err);
  ESP_TRY(esp_file_read(path, FILE_MAX, &data, &bytes, err));
  const esp_status status = esp_pack_decode(b, path, (const uint8_t *)data, bytes, err);
  free(data);
  return status;
}
