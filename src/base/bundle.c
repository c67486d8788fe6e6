#include "base/bundle.h"

#include "base/json.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are written as they stand in memory");

const char *const esp__dtype_names[3] = {
    [ESP_F32] = "F32", [ESP_U8] = "U8", [ESP_OTHER] = "of a type that is not read"};

bool esp__blob_name_fits(const char *name) {
  size_t length = strlen(name);
  return length > 0 && length < sizeof((esp_blob *)NULL)->name &&
         strcmp(name, ESP_METADATA_NAME) != 0 && esp__utf8_plain(name, length) &&
         !strpbrk(name, "\t\r\n");
}

bool esp__blob_measure(esp_blob *blob) {
  size_t bytes = blob->dtype == ESP_F32 ? 4 : 1;
  for (int i = 0; i < blob->rank; i++) {
    if (blob->shape[i] < 0 || (uint64_t)blob->shape[i] > SIZE_MAX) return false;
    size_t n = (size_t)blob->shape[i];
    if (n != 0 && bytes > SIZE_MAX / n) return false;
    bytes *= n;
  }
  blob->bytes = bytes;
  return true;
}

void esp__blob_sha256(const esp_blob *blob, char hex[65]) {
  esp_sha256 s;
  esp_sha256_start(&s);
  esp_sha256_add(&s, blob->data, blob->bytes);
  esp_sha256_end(&s, hex);
}

/* The capacity that makes room for one more. */
static int grown(int count, int capacity) {
  return count < capacity ? capacity : capacity ? 2 * capacity : 16;
}

esp_status esp_bundle_add(esp_bundle *b, const char *name, esp_dtype dtype, int rank,
                          const int64_t *shape, const void *data, esp_error *err) {
  if (!esp__blob_name_fits(name) || dtype == ESP_OTHER || rank < 0 || rank > 4)
    return esp_fail(err, ESP_ERR_INPUT,
                    "tensor '%s': a name of 1 to 127 bytes and at most 4 dimensions expected",
                    name);
  if (b->blobs == ESP_BLOBS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "more than %d tensors", ESP_BLOBS_MAX);
  if (esp_bundle_find(b, name))
    return esp_fail(err, ESP_ERR_INPUT, "tensor '%s' was added before", name);
  esp_blob blob = {.dtype = dtype, .rank = rank, .data = (void *)data};
  memcpy(blob.name, name, strlen(name));
  if (rank > 0) memcpy(blob.shape, shape, (size_t)rank * sizeof *shape);
  if (!esp__blob_measure(&blob))
    return esp_fail(err, ESP_ERR_INPUT, "tensor '%s': impossible shape", name);

  int capacity = grown(b->blobs, b->blobs_capacity);
  esp_blob *larger = realloc(b->blob, (size_t)capacity * sizeof *larger);
  if (!larger) return esp_fail(err, ESP_ERR_MEMORY, "tensor '%s': out of memory", name);
  b->blob = larger;
  b->blobs_capacity = capacity;
  b->blob[b->blobs++] = blob;
  return ESP_OK;
}

esp_status esp_bundle_add_text(esp_bundle *b, const char *key, const char *text, esp_error *err) {
  if (strncmp(key, ESP_CHECKSUM_PREFIX, strlen(ESP_CHECKSUM_PREFIX)) == 0 ||
      strcmp(key, ESP_TEXTS_CHECKSUM) == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "metadata '%s': sha256 and keys that begin with sha256. are for checksums",
                    key);
  if (esp_bundle_text(b, key))
    return esp_fail(err, ESP_ERR_INPUT, "metadata '%s' was added before", key);
  if (!esp__utf8_plain(key, strlen(key)) || !esp__utf8_plain(text, strlen(text)))
    return esp_fail(err, ESP_ERR_INPUT, "metadata '%s' is not plain UTF-8 text", key);
  if (b->texts == ESP_BLOBS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "metadata '%s' is one too many", key);

  int capacity = grown(b->texts, b->texts_capacity);
  char **keys = realloc(b->key, (size_t)capacity * sizeof *keys);
  if (keys) b->key = keys;
  char **texts = realloc(b->text, (size_t)capacity * sizeof *texts);
  if (texts) b->text = texts;
  char *key_copy = strdup(key), *text_copy = strdup(text);
  if (!keys || !texts || !key_copy || !text_copy) {
    free(key_copy);
    free(text_copy);
    return esp_fail(err, ESP_ERR_MEMORY, "metadata '%s': out of memory", key);
  }
  b->texts_capacity = capacity;
  b->key[b->texts] = key_copy;
  b->text[b->texts++] = text_copy;
  return ESP_OK;
}

const esp_blob *esp_bundle_find(const esp_bundle *b, const char *name) {
  for (int i = 0; i < b->blobs; i++)
    if (strcmp(b->blob[i].name, name) == 0) return &b->blob[i];
  return NULL;
}

const char *esp_bundle_text(const esp_bundle *b, const char *key) {
  for (int i = 0; i < b->texts; i++)
    if (strcmp(b->key[i], key) == 0) return b->text[i];
  return NULL;
}

void esp_bundle_free(esp_bundle *b) {
  for (int i = 0; i < b->texts; i++) {
    free(b->key[i]);
    free(b->text[i]);
  }
  free(b->key);
  free(b->text);
  free(b->blob);
  free(b->storage);
  *b = (esp_bundle){0};
}

void esp__texts_sha256(const esp_bundle *b, char hex[65]) {
  esp_sha256 s;
  esp_sha256_start(&s);
  for (int i = 0; i < b->texts; i++) {
    esp_sha256_add(&s, b->key[i], strlen(b->key[i]) + 1);
    esp_sha256_add(&s, b->text[i], strlen(b->text[i]) + 1);
  }
  esp_sha256_end(&s, hex);
}

static void describe_metadata(const esp_bundle *b, cJSON *header) {
  char hex[65];
  cJSON *metadata = esp__json_put_object(header, ESP_METADATA_NAME);
  for (int i = 0; i < b->texts; i++) esp__json_put_string(metadata, b->key[i], b->text[i]);
  for (int i = 0; i < b->blobs; i++) {
    char key[sizeof ESP_CHECKSUM_PREFIX + sizeof b->blob->name];
    snprintf(key, sizeof key, ESP_CHECKSUM_PREFIX "%s", b->blob[i].name);
    esp__blob_sha256(&b->blob[i], hex);
    esp__json_put_string(metadata, key, hex);
  }
  esp__texts_sha256(b, hex);
  if (b->texts > 0) esp__json_put_string(metadata, ESP_TEXTS_CHECKSUM, hex);
}

static void describe_blob(const esp_blob *blob, size_t begin, cJSON *header) {
  cJSON *tensor = esp__json_put_object(header, blob->name);
  esp__json_put_string(tensor, "dtype", esp__dtype_names[blob->dtype]);
  cJSON *shape = esp__json_put_array(tensor, "shape");
  for (int i = 0; i < blob->rank; i++)
    esp__json_append(shape, cJSON_CreateNumber((double)blob->shape[i]));
  cJSON *offsets = esp__json_put_array(tensor, "data_offsets");
  esp__json_append(offsets, cJSON_CreateNumber((double)begin));
  esp__json_append(offsets, cJSON_CreateNumber((double)(begin + blob->bytes)));
}

/* The JSON header, NULL when memory is short. */
static char *describe(const esp_bundle *b) {
  cJSON *header = cJSON_CreateObject();
  describe_metadata(b, header);
  size_t begin = 0;
  for (int i = 0; i < b->blobs; i++) {
    describe_blob(&b->blob[i], begin, header);
    begin += b->blob[i].bytes;
  }
  char *text = esp__json_print(header, false);
  cJSON_Delete(header);
  return text;
}

static esp_status write_parts(const esp_bundle *b, const char *header, const char *path,
                              esp_error *err) {
  size_t length = strlen(header), padding = (8 - length % 8) % 8;
  uint64_t announced = length + padding, whole = announced;
  for (int i = 0; i < b->blobs; i++) whole += b->blob[i].bytes;
  if (announced > ESP_HEADER_MAX || whole > ESP_BUNDLE_FILE_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: %llu bytes of tensors and text are more than a file may hold", path,
                    (unsigned long long)whole);
  if (b->texts + b->blobs + 1 > 2 * ESP_BLOBS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: more tensors and texts than a file may hold", path);
  esp_file_writer w;
  ESP_TRY(esp_file_begin(&w, path, err));
  ESP_TRY(esp_file_append(&w, &announced, sizeof announced, err));
  ESP_TRY(esp_file_append(&w, header, length, err));
  ESP_TRY(esp_file_append(&w, "       ", padding, err));
  for (int i = 0; i < b->blobs; i++)
    ESP_TRY(esp_file_append(&w, b->blob[i].data, b->blob[i].bytes, err));
  return esp_file_commit(&w, err);
}

esp_status esp_bundle_save(const esp_bundle *b, const char *path, esp_error *err) {
  char *header = describe(b);
  if (!header) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  esp_status status = write_parts(b, header, path, err);
  cJSON_free(header);
  return status;
}
