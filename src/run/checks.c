#include "run/checks.h"

esp_status esp__run_check(esp_run *r, esp_error *err) {
  esp__run_check_function *const *const tables[] = {esp__run_data_checks, esp__run_training_checks,
                                                    esp__run_pruning_checks};
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
    for (int i = 0; tables[t][i]; i++) ESP_TRY(tables[t][i](r, err));
  return ESP_OK;
}
