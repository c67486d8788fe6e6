#include "run/checks.h"

#include <stdarg.h>

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

esp_status esp__run_check(esp_run *r, esp_error *err) {
  esp__run_check_function *const *const tables[] = {
      esp__run_data_checks, esp__run_training_checks, esp__run_pruning_checks};
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
    for (int i = 0; tables[t][i]; i++) ESP_TRY(tables[t][i](r, err));
  return ESP_OK;
}
