/* Loading a safetensors file that nobody vouches for. */
#include "base/bundle.h"

#include "base/json.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PREFIX = sizeof(uint64_t) };

/* The members of a JSON object, sorted by name. */
typedef struct members {
  const cJSON **item;
  int count;
} members;

typedef struct loading {
  const char *path;
  esp_bundle *bundle;
  char *data; /* of all tensors */
  size_t data_bytes;
  members tensors, metadata;
  esp_error *err;
} loading;

static int by_name(const void *a, const void *b) {
  return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static int name_against(const void *name, const void *item) {
  return strcmp(name, (*(const cJSON *const *)item)->string);
}

static const cJSON *member(const members *m, const char *name) {
  if (m->count == 0) return NULL;
  const cJSON *const *found =
      bsearch(name, m->item, (size_t)m->count, sizeof *m->item, name_against);
  return found ? *found : NULL;
}

static esp_status sort_members(const loading *l, const cJSON *object, members *m) {
  m->count = cJSON_GetArraySize(object);
  if (m->count == 0) return ESP_OK;
  if (m->count > 2 * ESP_BLOBS_MAX)
    return esp_fail(l->err, ESP_ERR_INPUT, "%s: header has %d entries, expected at most %d",
                    l->path, m->count, 2 * ESP_BLOBS_MAX);
  m->item = malloc((size_t)m->count * sizeof *m->item);
  if (!m->item) return esp_fail(l->err, ESP_ERR_MEMORY, "%s: out of memory", l->path);
  int n = 0;
  const cJSON *item;
  cJSON_ArrayForEach(item, object) m->item[n++] = item;
  qsort(m->item, (size_t)n, sizeof *m->item, by_name);
  for (int i = 1; i < n; i++)
    if (strcmp(m->item[i - 1]->string, m->item[i]->string) == 0)
      return esp_fail(l->err, ESP_ERR_INPUT, "%s: '%s' stands twice in the header", l->path,
                      m->item[i]->string);
  return ESP_OK;
}

/* Whether the JSON number is a whole one from 0 that a double holds exactly. */
static bool whole(const cJSON *item) {
  return cJSON_IsNumber(item) && item->valuedouble >= 0 &&
         item->valuedouble <= 9007199254740992.0 && floor(item->valuedouble) == item->valuedouble;
}

static esp_status bad_tensor(const loading *l, const char *name, const char *what) {
  return esp_fail(l->err, ESP_ERR_INPUT, "%s: tensor '%s': %s", l->path, name, what);
}

/* The types of safetensors: what they are in a bundle, and bytes of a number. */
static const struct {
  const char *name;
  int dtype;
  size_t bytes;
} types[] = {{"F32", ESP_F32, 4},   {"U8", ESP_U8, 1},         {"F16", ESP_F16, 2},
             {"BF16", ESP_BF16, 2}, {"F64", ESP_F64, 8},       {"BOOL", ESP_OTHER, 1},
             {"I8", ESP_OTHER, 1},  {"F8_E5M2", ESP_OTHER, 1}, {"F8_E4M3", ESP_OTHER, 1},
             {"I16", ESP_OTHER, 2}, {"U16", ESP_OTHER, 2},     {"I32", ESP_OTHER, 4},
             {"U32", ESP_OTHER, 4}, {"I64", ESP_OTHER, 8},     {"U64", ESP_OTHER, 8}};
enum { TYPES = sizeof types / sizeof *types };

static int find_type(const char *name) {
  for (int i = 0; i < TYPES; i++)
    if (strcmp(types[i].name, name) == 0) return i;
  return -1;
}

/* Multiplies; false when that is more than any memory has. */
static bool multiply(size_t *product, double by) {
  const size_t n = (size_t)by;
  if (n != 0 && *product > SIZE_MAX / n) return false;
  *product *= n;
  return true;
}

/* Shape and bytes in the file. What has too many dimensions to be read is of another type. */
static esp_status read_shape(const loading *l, const cJSON *shape, int type, esp_blob *blob) {
  const cJSON *item;
  blob->dtype = (esp_dtype)types[type].dtype;
  blob->bytes = types[type].bytes;
  if (cJSON_GetArraySize(shape) > 4) blob->dtype = ESP_OTHER;
  cJSON_ArrayForEach(item, shape) {
    if (!whole(item))
      return bad_tensor(l, blob->name, "shape has an entry that is not a whole number from 0");
    if (!multiply(&blob->bytes, item->valuedouble))
      return bad_tensor(l, blob->name, "shape is too large for any memory");
    if (blob->dtype != ESP_OTHER) blob->shape[blob->rank++] = (int64_t)item->valuedouble;
  }
  return ESP_OK;
}

static esp_status read_range(const loading *l, const cJSON *offsets, esp_blob *blob) {
  const cJSON *first = cJSON_GetArrayItem(offsets, 0), *second = cJSON_GetArrayItem(offsets, 1);
  if (cJSON_GetArraySize(offsets) != 2 || !whole(first) || !whole(second))
    return bad_tensor(l, blob->name, "data_offsets are not two whole numbers from 0");
  if (second->valuedouble > (double)l->data_bytes)
    return esp_fail(l->err, ESP_ERR_INPUT,
                    "%s: tensor '%s' ends at byte %.0f of the data, but there are only %zu",
                    l->path, blob->name, second->valuedouble, l->data_bytes);
  if (first->valuedouble > second->valuedouble)
    return bad_tensor(l, blob->name, "data ends before it begins");
  size_t begin = (size_t)first->valuedouble, end = (size_t)second->valuedouble;
  if (end - begin != blob->bytes)
    return esp_fail(l->err, ESP_ERR_INPUT,
                    "%s: tensor '%s' has %zu bytes of data, its shape asks for %zu", l->path,
                    blob->name, end - begin, blob->bytes);
  blob->data = l->data + begin;
  return ESP_OK;
}

static esp_status read_tensor(const loading *l, const cJSON *item, esp_blob *blob) {
  if (!esp__blob_name_fits(item->string))
    return bad_tensor(l, item->string, "name is not 1 to 127 bytes of plain text");
  memcpy(blob->name, item->string, strlen(item->string));
  const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
  const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
  if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 3 || !cJSON_IsString(dtype) ||
      !cJSON_IsArray(shape) || !cJSON_IsArray(offsets))
    return bad_tensor(l, blob->name, "expected dtype, shape and data_offsets, once each");
  const int type = find_type(dtype->valuestring);
  if (type < 0)
    return esp_fail(l->err, ESP_ERR_INPUT,
                    "%s: tensor '%s': dtype '%s' is not known, expected F32, U8 or another of "
                    "safetensors",
                    l->path, blob->name, dtype->valuestring);
  ESP_TRY(read_shape(l, shape, type, blob));
  return read_range(l, offsets, blob);
}

static int by_place(const void *a, const void *b) {
  const esp_blob *x = a, *y = b;
  if (x->data != y->data) return (const char *)x->data < (const char *)y->data ? -1 : 1;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
  return strcmp(x->name, y->name);
}

static esp_status read_tensors(const loading *l) {
  esp_bundle *b = l->bundle;
  if (l->tensors.count > ESP_BLOBS_MAX + 1)
    return esp_fail(l->err, ESP_ERR_INPUT, "%s: %d tensors, expected at most %d", l->path,
                    l->tensors.count, ESP_BLOBS_MAX);
  b->blob = calloc((size_t)l->tensors.count + 1, sizeof *b->blob);
  if (!b->blob) return esp_fail(l->err, ESP_ERR_MEMORY, "%s: out of memory", l->path);
  b->blobs_capacity = l->tensors.count + 1;
  for (int i = 0; i < l->tensors.count; i++)
    if (strcmp(l->tensors.item[i]->string, ESP_METADATA_NAME) != 0)
      ESP_TRY(read_tensor(l, l->tensors.item[i], &b->blob[b->blobs++]));

  qsort(b->blob, (size_t)b->blobs, sizeof *b->blob, by_place);
  const char *end = l->data;
  for (int i = 0; i < b->blobs; i++) {
    const char *begin = b->blob[i].data;
    if (begin < end) return bad_tensor(l, b->blob[i].name, "its data overlap another tensor's");
    if (begin > end) return bad_tensor(l, b->blob[i].name, "there is a gap before its data");
    end = begin + b->blob[i].bytes;
  }
  if (end != l->data + l->data_bytes)
    return esp_fail(l->err, ESP_ERR_INPUT, "%s: at byte %zu: data that belong to no tensor",
                    l->path, (size_t)(end - b->storage));
  return ESP_OK;
}

/* The tensor whose checksum `key` is, or NULL if it is no checksum. */
static const char *checksum_of(const char *key) {
  size_t prefix = strlen(ESP_CHECKSUM_PREFIX);
  return strncmp(key, ESP_CHECKSUM_PREFIX, prefix) == 0 ? key + prefix : NULL;
}

static esp_status read_metadata(loading *l) {
  const cJSON *metadata = member(&l->tensors, ESP_METADATA_NAME), *item;
  if (!metadata) return ESP_OK;
  if (!cJSON_IsObject(metadata))
    return esp_fail(l->err, ESP_ERR_INPUT, "%s: " ESP_METADATA_NAME " is not an object", l->path);
  ESP_TRY(sort_members(l, metadata, &l->metadata));
  esp_bundle *b = l->bundle;
  b->key = calloc((size_t)l->metadata.count + 1, sizeof *b->key);
  b->text = calloc((size_t)l->metadata.count + 1, sizeof *b->text);
  if (!b->key || !b->text) return esp_fail(l->err, ESP_ERR_MEMORY, "%s: out of memory", l->path);
  b->texts_capacity = l->metadata.count + 1;
  cJSON_ArrayForEach(item, metadata) {
    if (!cJSON_IsString(item))
      return esp_fail(l->err, ESP_ERR_INPUT, "%s: metadata '%s' is not a string", l->path,
                      item->string);
    const char *tensor = checksum_of(item->string);
    if (tensor && (strcmp(tensor, ESP_METADATA_NAME) == 0 || !member(&l->tensors, tensor)))
      return esp_fail(l->err, ESP_ERR_INPUT, "%s: '%s' is the checksum of no tensor", l->path,
                      item->string);
    if (tensor || strcmp(item->string, ESP_TEXTS_CHECKSUM) == 0) continue;
    b->key[b->texts] = strdup(item->string);
    b->text[b->texts++] = strdup(item->valuestring);
    if (!b->key[b->texts - 1] || !b->text[b->texts - 1])
      return esp_fail(l->err, ESP_ERR_MEMORY, "%s: out of memory", l->path);
  }
  return ESP_OK;
}

static esp_status verify_texts(const loading *l) {
  char hex[65];
  const cJSON *expected = member(&l->metadata, ESP_TEXTS_CHECKSUM);
  if (!expected) return ESP_OK;
  esp__texts_sha256(l->bundle, hex);
  if (strcasecmp(hex, expected->valuestring) == 0) return ESP_OK;
  return esp_fail(l->err, ESP_ERR_INPUT,
                  "%s: its metadata do not match their SHA-256: the file is damaged", l->path);
}

static esp_status verify(const loading *l) {
  for (int i = 0; i < l->bundle->blobs; i++) {
    const esp_blob *blob = &l->bundle->blob[i];
    char key[sizeof ESP_CHECKSUM_PREFIX + sizeof blob->name], hex[65];
    snprintf(key, sizeof key, ESP_CHECKSUM_PREFIX "%s", blob->name);
    const cJSON *expected = member(&l->metadata, key);
    if (!expected) continue;
    esp__blob_sha256(blob, hex);
    if (strcasecmp(hex, expected->valuestring) != 0)
      return bad_tensor(l, blob->name, "its data do not match their SHA-256: the file is damaged");
  }
  return ESP_OK;
}

/* A NUL in a name would hide what follows it from us: \u0000 that is not escaped itself. */
static bool has_nul(const char *text, size_t bytes) {
  static const char nul[] = {'\\', 'u', '0', '0', '0', '0'};
  for (size_t i = 0; i + sizeof nul <= bytes; i++) {
    if (text[i] != '\\') continue;
    if (memcmp(text + i, nul, sizeof nul) == 0) return true;
    i++; /* what is escaped */
  }
  return false;
}

static esp_status parse_header(loading *l, const char *file, size_t bytes, cJSON **root) {
  uint64_t length;
  if (bytes < PREFIX)
    return esp_fail(l->err, ESP_ERR_INPUT, "%s: at byte %zu: the file ends before its header",
                    l->path, bytes);
  memcpy(&length, file, PREFIX);
  if (length > ESP_HEADER_MAX || length > bytes - PREFIX)
    return esp_fail(l->err, ESP_ERR_INPUT,
                    "%s: at byte 0: header of %llu bytes, expected at most %zu: %s", l->path,
                    (unsigned long long)length,
                    bytes - PREFIX < ESP_HEADER_MAX ? bytes - PREFIX : (size_t)ESP_HEADER_MAX,
                    "not a safetensors file, or cut short");
  const char *header = file + PREFIX;
  if (!esp__utf8_plain(header, length) || has_nul(header, length))
    return esp_fail(l->err, ESP_ERR_INPUT, "%s: at byte 8: header is not plain UTF-8 text",
                    l->path);
  size_t at = 0;
  const esp_status status = esp__json_parse(root, header, length, &at);
  if (status == ESP_ERR_MEMORY) return esp_fail(l->err, status, "%s: out of memory", l->path);
  if (status != ESP_OK)
    return esp_fail(l->err, status, "%s: at byte %zu: header is not JSON", l->path, PREFIX + at);
  if (!cJSON_IsObject(*root))
    return esp_fail(l->err, ESP_ERR_INPUT, "%s: at byte 8: header is not a JSON object", l->path);
  l->data = l->bundle->storage + PREFIX + length;
  l->data_bytes = bytes - PREFIX - length;
  return ESP_OK;
}

static esp_status read_bundle(loading *l, const cJSON *root) {
  ESP_TRY(sort_members(l, root, &l->tensors));
  ESP_TRY(read_tensors(l));
  ESP_TRY(read_metadata(l));
  ESP_TRY(verify_texts(l));
  return verify(l);
}

esp_status esp_bundle_load(esp_bundle *b, const char *path, esp_error *err) {
  *b = (esp_bundle){0};
  loading l = {.path = path, .bundle = b, .err = err};
  cJSON *root = NULL;
  size_t bytes;
  ESP_TRY(esp_file_read(path, ESP_BUNDLE_FILE_MAX, &b->storage, &bytes, err));
  esp_status status = parse_header(&l, b->storage, bytes, &root);
  if (status == ESP_OK) status = read_bundle(&l, root);
  if (status == ESP_OK) status = esp__bundle_widen(b, path, err);
  if (status != ESP_OK) esp_bundle_free(b);
  cJSON_Delete(root);
  free(l.tensors.item);
  free(l.metadata.item);
  return status;
}
