#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the type of a value of which a part is missing. cJSON uses the ten bits below, and looks at no
 * others. */
enum { INCOMPLETE = 1 << 20 };

static cJSON *added(cJSON *to, cJSON *item, bool fits) {
  if (fits) return item;
  cJSON_Delete(item);
  if (to) to->type |= INCOMPLETE;
  return NULL;
}

cJSON *esp__json_put(cJSON *object, const char *name, cJSON *item) {
  return added(object, item, item && cJSON_AddItemToObject(object, name, item));
}

cJSON *esp__json_append(cJSON *array, cJSON *item) {
  return added(array, item, item && cJSON_AddItemToArray(array, item));
}

void esp__json_put_number(cJSON *object, const char *name, double number) {
  esp__json_put(object, name, cJSON_CreateNumber(number));
}

void esp__json_put_string(cJSON *object, const char *name, const char *text) {
  esp__json_put(object, name, cJSON_CreateString(text));
}

void esp__json_put_null(cJSON *object, const char *name) {
  esp__json_put(object, name, cJSON_CreateNull());
}

void esp__json_put_bool(cJSON *object, const char *name, bool truth) {
  esp__json_put(object, name, cJSON_CreateBool(truth));
}

cJSON *esp__json_put_object(cJSON *object, const char *name) {
  return esp__json_put(object, name, cJSON_CreateObject());
}

cJSON *esp__json_put_array(cJSON *object, const char *name) {
  return esp__json_put(object, name, cJSON_CreateArray());
}

cJSON *esp__json_exact_number(double number) {
  char text[32];
  if (!isfinite(number)) return cJSON_CreateNull();
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  return cJSON_CreateRaw(text);
}

bool esp__json_whole(const cJSON *value) {
  if (!value || value->type & INCOMPLETE) return false;
  for (const cJSON *part = value->child; part; part = part->next)
    if (!esp__json_whole(part)) return false;
  return true;
}

char *esp__json_print(const cJSON *value, bool lines) {
  if (!esp__json_whole(value)) return NULL;
  return lines ? cJSON_Print(value) : cJSON_PrintUnformatted(value);
}

/* cJSON does not tell want of memory from bad text; malloc does. */
esp_status esp__json_parse(cJSON **value, const char *text, size_t bytes, size_t *at) {
  const char *end = text;
  errno = 0;
  *value = cJSON_ParseWithLengthOpts(text, bytes, &end, false);
  if (!*value && errno == ENOMEM) return ESP_ERR_MEMORY;
  *at = end ? (size_t)(end - text) : 0;
  while (*value && *at < bytes && strchr(" \t\r\n", text[*at]) && text[*at]) (*at)++;
  if (*value && *at == bytes) return ESP_OK;
  cJSON_Delete(*value);
  *value = NULL;
  return ESP_ERR_INPUT;
}
