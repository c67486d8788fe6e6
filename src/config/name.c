/* The name of a run, after which its directory is called. */
#include "base/value.h"
#include "config/parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool plain_name(const char *name) {
  return *name && strlen(name) <= 100 && !strpbrk(name, "/\t") && strcmp(name, ".") != 0 &&
         strcmp(name, "..") != 0;
}

esp_status esp__run_name_check(const esp_config *config, const char *where, esp_error *err) {
  if (!*config->run.name || plain_name(config->run.name)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: name = '%s': expected a file name of at most 100 bytes without '/'", where,
                  config->run.name);
}

esp_status esp__run_name_after(esp_config *config, const char *file, esp_error *err) {
  if (*config->run.name) return ESP_OK;
  const char *slash = strrchr(file, '/');
  char *name = strdup(slash ? slash + 1 : file);
  if (!name) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", file);
  size_t length = strlen(name);
  if (length >= 4 && strcmp(name + length - 4, ".ini") == 0) name[length - 4] = '\0';
  esp_status status = ESP_OK;
  if (plain_name(name))
    status = esp__value_set(esp_run_option_table, &config->run, name, file, err);
  else
    status =
        esp_fail(err, ESP_ERR_INPUT,
                 "%s: cannot name the run after this file, expected name = ... in [run]", file);
  free(name);
  return status;
}
