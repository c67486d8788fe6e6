#include "run/warnings.h"

#include <stdarg.h>
#include <string.h>

esp_status esp__run_warn(esp_run *r, esp_error *err, const char *format, ...) {
  char row[768];
  va_list args;
  va_start(args, format);
  vsnprintf(row, sizeof row - 1, format, args);
  va_end(args);
  for (char *c = row; *c; c++)
    if (*c == '\n') *c = ' ';
  ESP_TRY(esp__rows_append(&r->at.warnings, row, err));
  return esp__rows_append(&r->at.warnings, "\n", err);
}

void esp__run_say_warnings(esp_run *r) {
  for (const char *row = r->at.warnings; row && *row; row += *row == '\n') {
    const int length = (int)strcspn(row, "\n");
    esp__progress_say(&r->progress, "warning: %.*s", length, row);
    row += length;
  }
}
