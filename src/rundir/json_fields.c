#include "rundir/json_fields.h"

#include "base/json.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ---- writing ---- */

static cJSON *counts_json(const int64_t *count, int length) {
  cJSON *list = cJSON_CreateArray();
  for (int i = 0; i < length; i++) esp__json_append(list, esp__json_exact_number((double)count[i]));
  return list;
}

static cJSON *reals_json(const double *value, int length) {
  cJSON *list = cJSON_CreateArray();
  for (int i = 0; i < length; i++) esp__json_append(list, esp__json_exact_number(value[i]));
  return list;
}

static cJSON *object_json(const esp__json_field *field, const void *from) {
  cJSON *o = cJSON_CreateObject();
  esp__json_write(o, field, NULL, from);
  return o;
}

static cJSON *field_json(const esp__json_field *f, const void *member) {
  switch (f->kind) {
    case ESP_JSON_REAL:
    case ESP_JSON_MEASURE:
      return esp__json_exact_number(*(const double *)member);
    case ESP_JSON_COUNT:
      return esp__json_exact_number((double)*(const int64_t *)member);
    case ESP_JSON_SMALL:
      return cJSON_CreateNumber(*(const int *)member);
    case ESP_JSON_COUNTS:
      return counts_json(member, f->length);
    case ESP_JSON_REALS:
      return reals_json(member, f->length);
    case ESP_JSON_OBJECT:
      break;
  }
  return object_json(f->fields, member);
}

static bool is_left_out(const esp__json_field *f, const void *member) {
  const double *value = member;
  if (f->kind != ESP_JSON_REALS || !f->optional) return false;
  for (int i = 0; i < f->length; i++)
    if (value[i] != 0.0) return false;
  return true;
}

/* The name that it has in the file. */
static const char *name_of(const esp__json_field *f, const esp_quality *q,
                           char text[ESP_QUALITY_COLUMN]) {
  return q ? esp_quality_column(q, f->name, text) : f->name;
}

void esp__json_write(cJSON *o, const esp__json_field *field, const esp_quality *quality,
                     const void *from) {
  char name[ESP_QUALITY_COLUMN];
  for (; field->name; field++) {
    const void *member = (const char *)from + field->offset;
    if (!is_left_out(field, member))
      esp__json_put(o, name_of(field, quality, name), field_json(field, member));
  }
}

/* ---- reading ---- */

/* What earlier versions called things. */
static const struct {
  const char *name, *old;
} old_spellings[] = {
    {"validation_accuracy", "val_accuracy"},
    {"validation_accuracy_before", "val_accuracy_before"},
    {"validation_accuracy_tasks", "val_accuracy_tasks"},
    {"validation_loss", "val_loss"},
    {"weights_nonzero", "weights_kept"},
};

const cJSON *esp__json_item(const cJSON *o, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);
  for (size_t i = 0; !item && i < sizeof old_spellings / sizeof *old_spellings; i++)
    if (strcmp(old_spellings[i].name, name) == 0)
      item = cJSON_GetObjectItemCaseSensitive(o, old_spellings[i].old);
  return item;
}

/* A number from least to most. */
static bool read_number(const cJSON *item, double least, double most, double *value) {
  if (!cJSON_IsNumber(item) || !(item->valuedouble >= least && item->valuedouble <= most))
    return false;
  *value = item->valuedouble;
  return true;
}

static bool read_counts(int64_t *count, int length, const cJSON *list) {
  double value;
  if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != length) return false;
  for (int i = 0; i < length; i++) {
    if (!read_number(cJSON_GetArrayItem(list, i), 0.0, 0x1p53, &value)) return false;
    count[i] = (int64_t)value;
  }
  return true;
}

static bool read_reals(double *value, int length, const cJSON *list) {
  if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != length) return false;
  for (int i = 0; i < length; i++)
    if (!read_number(cJSON_GetArrayItem(list, i), -1e300, 1e300, &value[i])) return false;
  return true;
}

static bool read_field(const esp__json_field *f, void *member, const cJSON *item) {
  double value = (double)NAN;
  switch (f->kind) {
    case ESP_JSON_REAL:
      return read_number(item, -1e300, 1e300, member);
    case ESP_JSON_MEASURE:
      (void)read_number(item, -INFINITY, INFINITY, &value);
      *(double *)member = value;
      return true;
    case ESP_JSON_COUNT:
      if (!read_number(item, -0x1p53, 0x1p53, &value)) return false;
      *(int64_t *)member = (int64_t)value;
      return true;
    case ESP_JSON_SMALL:
      if (!read_number(item, -0x1p30, 0x1p30, &value)) return false;
      *(int *)member = (int)value;
      return true;
    case ESP_JSON_COUNTS:
      return read_counts(member, f->length, item);
    case ESP_JSON_REALS:
      return read_reals(member, f->length, item);
    case ESP_JSON_OBJECT:
      break;
  }
  return esp__json_read(f->fields, NULL, member, item);
}

/* Of a member that may be missing: a number, or a list of them. */
static size_t size_of(const esp__json_field *f) {
  return f->kind == ESP_JSON_SMALL   ? sizeof(int)
         : f->kind == ESP_JSON_REALS ? (size_t)f->length * sizeof(double)
                                     : sizeof(double);
}

bool esp__json_read(const esp__json_field *field, const esp_quality *quality, void *to,
                    const cJSON *o) {
  char name[ESP_QUALITY_COLUMN];
  for (; field->name; field++) {
    const cJSON *item = esp__json_item(o, name_of(field, quality, name));
    if (!item && field->optional) {
      memset((char *)to + field->offset, 0, size_of(field));
      continue;
    }
    if (!read_field(field, (char *)to + field->offset, item)) return false;
  }
  return true;
}
