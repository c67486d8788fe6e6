/* By what networks are judged, as it is called and written: an entry for each kind of data. Of all
 * of them more is better, and 1 is the best there is. */
#ifndef ESP_QUALITY_H
#define ESP_QUALITY_H

#include <espalier/linkage.h>

#include <stdbool.h>
#include <stddef.h>

ESP_BEGIN_DECLS

typedef struct esp_quality {
  const char *name;  /* in the names of columns: "accuracy" */
  const char *title; /* in a sentence: "accuracy" */
  const char *label; /* above a column: "top-1" */
  const char *unit;  /* of what is printed: "%" */
  double factor;     /* what is printed is the value times this */
  int digits;        /* behind the point */
  const char *rest;  /* 1 - value, above a column: "error" */
} esp_quality;

/* Of classes: accuracy; of real-valued targets: R^2. */
const esp_quality *esp_quality_of(bool targets);
/* The entry of that name; NULL when there is none. */
const esp_quality *esp_quality_named(const char *name);

/* `column`, such as "test_quality_before", with a word, or the name of the entry, in the place of
 * "quality". */
enum { ESP_QUALITY_COLUMN = 80 };
const char *esp_quality_column_of(const char *word, const char *column,
                                  char text[ESP_QUALITY_COLUMN]);
static inline const char *esp_quality_column(const esp_quality *q, const char *column,
                                             char text[ESP_QUALITY_COLUMN]) {
  return esp_quality_column_of(q->name, column, text);
}
/* The number and its unit, "97.31 %"; "-" where it is not a number. */
enum { ESP_QUALITY_TEXT = 48 };
const char *esp_quality_text(const esp_quality *q, double value, char text[ESP_QUALITY_TEXT]);
/* " points" behind a difference that is printed in per cent; "". */
const char *esp_quality_points(const esp_quality *q);
/* The number alone; `sign` puts a + before it. */
const char *esp_quality_number(const esp_quality *q, double value, bool sign,
                               char text[ESP_QUALITY_TEXT]);

ESP_END_DECLS

#endif
