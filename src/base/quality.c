#include "base/text.h"

#include <espalier/quality.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const esp_quality entries[] = {{.name = "accuracy",
                                       .title = "accuracy",
                                       .label = "top-1",
                                       .unit = "%",
                                       .factor = 100.0,
                                       .digits = 2,
                                       .rest = "error"},
                                      {.name = "r2",
                                       .title = "R^2",
                                       .label = "R^2",
                                       .unit = "",
                                       .factor = 1.0,
                                       .digits = 4,
                                       .rest = "1 - R^2"}};
enum { ENTRIES = sizeof entries / sizeof *entries };

const esp_quality *esp_quality_of(bool targets) {
  return &entries[targets];
}

const esp_quality *esp_quality_named(const char *name) {
  for (int i = 0; i < ENTRIES; i++)
    if (strcmp(entries[i].name, name) == 0) return &entries[i];
  return NULL;
}

const char *esp_quality_column_of(const char *word, const char *column,
                                  char text[ESP_QUALITY_COLUMN]) {
  static const char place[] = "quality";
  const char *at = strstr(column, place);
  if (at)
    snprintf(text, ESP_QUALITY_COLUMN, "%.*s%s%s", (int)(at - column), column, word,
             at + strlen(place));
  else
    snprintf(text, ESP_QUALITY_COLUMN, "%s", column);
  return text;
}

const char *esp_quality_number(const esp_quality *q, double value, bool sign,
                               char text[ESP_QUALITY_TEXT]) {
  const double shown = q->factor * value;
  if (isnan(value))
    snprintf(text, ESP_QUALITY_TEXT, "-");
  else if (fabs(shown) >= 1e6)
    snprintf(text, ESP_QUALITY_TEXT, "%.*g", q->digits + 1, shown);
  else
    snprintf(text, ESP_QUALITY_TEXT, sign ? "%+.*f" : "%.*f", q->digits, shown);
  return text;
}

const char *esp_quality_text(const esp_quality *q, double value, char text[ESP_QUALITY_TEXT]) {
  esp_quality_number(q, value, false, text);
  const size_t used = strlen(text);
  if (!isnan(value) && *q->unit) snprintf(text + used, ESP_QUALITY_TEXT - used, " %s", q->unit);
  return text;
}

const char *esp_quality_points(const esp_quality *q) {
  return strcmp(q->unit, "%") == 0 ? " points" : "";
}

void esp__print_quality_columns(FILE *out, const esp_quality *q, const char *const *name) {
  char column[ESP_QUALITY_COLUMN];
  for (int i = 0; name[i]; i++)
    fprintf(out, "%s%s", i > 0 ? "," : "", esp_quality_column(q, name[i], column));
}
