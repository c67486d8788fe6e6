/* The readers of rig.h. */
#include "rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---- */

cJSON *json_read(const char *path) {
  char *text = bytes_read(path, NULL);
  cJSON *o = cJSON_Parse(text);
  ck_assert_msg(o != NULL, "%s is not JSON: %s", path, text);
  free(text);
  return o;
}

cJSON *result_read(const char *dir) {
  char path[512];
  snprintf(path, sizeof path, "%s/result.json", dir);
  cJSON *o = json_read(path);
  const cJSON *status = cJSON_GetObjectItem(o, "status");
  ck_assert_msg(cJSON_IsString(status) && strcmp(status->valuestring, "finished") == 0,
                "%s: not finished", path);
  return o;
}

double number_of(const cJSON *object, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
  ck_assert_msg(cJSON_IsNumber(item), "no number '%s'", name);
  return item->valuedouble;
}

const char *hash_of_run(const char *dir) {
  static char hex[8][65];
  static int turn;
  cJSON *o = result_read(dir);
  const cJSON *hash = cJSON_GetObjectItem(o, "weights_sha256");
  ck_assert_msg(cJSON_IsString(hash) && strlen(hash->valuestring) == 64, "%s: no weights_sha256",
                dir);
  turn = (turn + 1) % 8;
  snprintf(hex[turn], sizeof hex[turn], "%s", hash->valuestring);
  cJSON_Delete(o);
  return hex[turn];
}

/* ---- CSV ---- */

table table_read(const char *path) {
  table t = {.text = bytes_read(path, NULL)};
  const size_t bytes = strlen(t.text);
  ck_assert_msg(bytes > 0 && t.text[bytes - 1] == '\n', "%s: no newline at its end", path);
  int cells = 0;
  for (const char *c = t.text; *c; c++) {
    cells += *c == ',' || *c == '\n';
    if (*c == '\n' && t.rows++ == 0) t.columns = cells;
  }
  ck_assert_msg(cells == t.rows * t.columns, "%s: %d cells in %d rows of %d", path, cells, t.rows,
                t.columns);
  t.cell = calloc((size_t)cells, sizeof *t.cell);
  ck_assert_ptr_nonnull(t.cell);
  char *rest = t.text;
  for (int i = 0; i < cells; i++) {
    const size_t length = strcspn(rest, ",\n");
    const char expected = (i + 1) % t.columns == 0 ? '\n' : ',';
    ck_assert_msg(rest[length] == expected, "%s: row %d has another number of cells", path,
                  i / t.columns);
    rest[length] = '\0';
    t.cell[i] = rest;
    rest += length + 1;
  }
  return t;
}

void table_free(table *t) {
  free(t->cell);
  free(t->text);
  *t = (table){0};
}

const char *cell_of(const table *t, int row, const char *column) {
  int c = 0;
  while (c < t->columns && strcmp(t->cell[c], column) != 0) c++;
  ck_assert_msg(c < t->columns && row < t->rows, "no column '%s' in row %d", column, row);
  return t->cell[row * t->columns + c];
}

/* What may differ between two runs: times, and the column `apart` (NULL = none). */
static bool may_differ(const char *column, const char *apart) {
  static const char *const times[] = {"seconds", "images_per_second", "milliseconds_per_image",
                                      "train_images_per_second", "milliseconds"};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++)
    if (strcmp(column, times[i]) == 0) return true;
  return apart && strcmp(column, apart) == 0;
}

static bool same_table(const char *dir, const char *other, const char *name, const char *apart) {
  char path[2][512];
  snprintf(path[0], sizeof path[0], "%s/%s", dir, name);
  snprintf(path[1], sizeof path[1], "%s/%s", other, name);
  table a = table_read(path[0]), b = table_read(path[1]);
  bool same = a.rows == b.rows && a.columns == b.columns;
  for (int i = 0; same && i < a.rows * a.columns; i++)
    same = may_differ(a.cell[i % a.columns], apart) || strcmp(a.cell[i], b.cell[i]) == 0;
  table_free(&a);
  table_free(&b);
  return same;
}

/* Not every run has such a file: only searches leave trials. */
static bool same_file(const char *dir, const char *other, const char *name) {
  char path[2][512];
  snprintf(path[0], sizeof path[0], "%s/%s", dir, name);
  snprintf(path[1], sizeof path[1], "%s/%s", other, name);
  if (!exists(path[0]) || !exists(path[1])) return exists(path[0]) == exists(path[1]);
  return same_bytes(path[0], path[1]);
}

bool same_reports_apart(const char *dir, const char *other, const char *apart) {
  static const char *const tables[] = {"log.csv",       "rounds.csv", "layers.csv",
                                       "confusion.csv", "costs.csv",  NULL};
  static const char *const files[] = {"sparsity.csv", "turned.csv", "turned.safetensors",
                                      "trials.csv", NULL};
  bool same = true;
  for (int i = 0; same && tables[i]; i++) same = same_table(dir, other, tables[i], apart);
  for (int i = 0; same && files[i]; i++) same = same_file(dir, other, files[i]);
  return same;
}

bool same_reports(const char *dir, const char *other) {
  return same_reports_apart(dir, other, NULL);
}

/* ---- safetensors ---- */

static tensor tensor_from(const cJSON *item, const char *data, size_t data_bytes) {
  const cJSON *type = cJSON_GetObjectItem(item, "dtype"),
              *shape = cJSON_GetObjectItem(item, "shape");
  const cJSON *range = cJSON_GetObjectItem(item, "data_offsets"), *side;
  ck_assert(cJSON_IsString(type) && cJSON_IsArray(shape) && cJSON_GetArraySize(range) == 2);
  const size_t begin = (size_t)cJSON_GetArrayItem(range, 0)->valuedouble;
  const size_t end = (size_t)cJSON_GetArrayItem(range, 1)->valuedouble;
  tensor t = {.name = item->string, .bytes = strcmp(type->valuestring, "U8") == 0, .count = 1};
  ck_assert(t.bytes || strcmp(type->valuestring, "F32") == 0);
  cJSON_ArrayForEach(side, shape) t.count *= (size_t)side->valuedouble;
  ck_assert_uint_le(end, data_bytes);
  ck_assert_uint_eq(end - begin, t.count * (t.bytes ? 1 : 4));
  t.data = data + begin;
  return t;
}

tensors tensors_read(const char *path) {
  tensors t = {0};
  size_t bytes;
  uint64_t length = 0;
  t.file = bytes_read(path, &bytes);
  ck_assert_uint_gt(bytes, 8);
  for (int i = 0; i < 8; i++) length |= (uint64_t)(unsigned char)t.file[i] << (8 * i);
  ck_assert_uint_le(length, bytes - 8);
  t.header = cJSON_ParseWithLength(t.file + 8, length);
  ck_assert_msg(t.header != NULL, "%s: no header", path);
  const cJSON *item;
  cJSON_ArrayForEach(item, t.header) {
    if (strcmp(item->string, "__metadata__") == 0) continue;
    ck_assert_int_lt(t.count, (int)(sizeof t.item / sizeof *t.item));
    t.item[t.count++] = tensor_from(item, t.file + 8 + length, bytes - 8 - length);
  }
  return t;
}

void tensors_free(tensors *t) {
  cJSON_Delete(t->header);
  free(t->file);
  *t = (tensors){0};
}

const tensor *tensor_of(const tensors *t, const char *prefix, const char *name) {
  char whole[256];
  snprintf(whole, sizeof whole, "%s%s", prefix, name);
  for (int i = 0; i < t->count; i++)
    if (strcmp(t->item[i].name, whole) == 0) return &t->item[i];
  return NULL;
}

const char *tensors_text(const tensors *t, const char *key) {
  const cJSON *text =
      cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(t->header, "__metadata__"), key);
  ck_assert_msg(cJSON_IsString(text), "no '%s' in the metadata", key);
  return text->valuestring;
}

char *tensors_position(const tensors *t) {
  const tensor *position = tensor_of(t, "", "espalier.position");
  ck_assert(position && position->bytes);
  char *text = strndup(position->data, position->count);
  ck_assert_ptr_nonnull(text);
  return text;
}

float value_at(const tensor *t, size_t i) {
  const unsigned char *b = (const unsigned char *)t->data + 4 * i;
  const uint32_t bits =
      (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

bool kept_at(const tensor *mask, size_t i) {
  return ((const uint8_t *)mask->data)[i] != 0;
}

size_t masked_tensors_check(const tensors *t) {
  size_t left = 0;
  for (int k = 0; k < t->count; k++) {
    const tensor *value = &t->item[k], *momentum = tensor_of(t, "momentum.", value->name);
    const tensor *second = tensor_of(t, "second_moment.", value->name);
    const tensor *mask = tensor_of(t, "mask.", value->name),
                 *average = tensor_of(t, "average.", value->name);
    if (!momentum) continue;
    for (size_t i = 0; i < value->count; i++) {
      left += value_at(average ? average : value, i) != 0.0f;
      if (!mask || kept_at(mask, i)) continue;
      ck_assert_msg(value_at(value, i) == 0.0f && value_at(momentum, i) == 0.0f, "%s[%zu]",
                    value->name, i);
      ck_assert_msg(!second || value_at(second, i) == 0.0f, "second moment of %s[%zu]", value->name,
                    i);
      ck_assert_msg(!average || value_at(average, i) == 0.0f, "average of %s[%zu]", value->name, i);
    }
  }
  return left;
}
