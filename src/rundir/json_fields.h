/* Members of structs as JSON: each is named once, for writing and for reading. */
#ifndef ESP_RUNDIR_JSON_FIELDS_H
#define ESP_RUNDIR_JSON_FIELDS_H

#include <espalier/quality.h>

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum esp__json_kind {
  ESP_JSON_REAL,    /* double */
  ESP_JSON_MEASURE, /* double, NAN where nothing was measured, which is null or missing */
  ESP_JSON_COUNT,   /* int64_t */
  ESP_JSON_SMALL,   /* int */
  ESP_JSON_COUNTS,  /* int64_t[length], none of them negative */
  ESP_JSON_REALS,   /* double[length]; one that may be missing is left out where all are 0 */
  ESP_JSON_OBJECT   /* a struct with fields of its own */
} esp__json_kind;

typedef struct esp__json_field {
  const char *name; /* NULL after the last */
  size_t offset;
  esp__json_kind kind;
  int length;                           /* of ESP_JSON_COUNTS and ESP_JSON_REALS */
  const struct esp__json_field *fields; /* of ESP_JSON_OBJECT */
  bool optional;   /* 0 where it is missing: earlier versions did not write it */
  const char *csv; /* how its column of a CSV file is printed, such as "%.6g"; NULL = it has none */
} esp__json_field;

/* Adds the members of *from to `o`, to the last bit; memory that is out is seen by
 * esp__json_print. Names with "quality" in them have that of `quality` in its place; NULL where
 * there are none. */
void esp__json_write(cJSON *o, const esp__json_field *field, const esp_quality *quality,
                     const void *from);
/* Fills the members of *to; false where one is missing, of another type, or no number that its type
 * holds exactly. */
bool esp__json_read(const esp__json_field *field, const esp_quality *quality, void *to,
                    const cJSON *o);
/* The member of that name, or of the spelling that an earlier version gave it; NULL = none. */
const cJSON *esp__json_item(const cJSON *o, const char *name);

#endif
