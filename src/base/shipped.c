#include "base/shipped.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *esp__data_directory(void) {
  const char *chosen = getenv("ESPALIER_DATA");
  return chosen && *chosen ? chosen : ESP_DATA_DIRECTORY;
}

static bool is_file(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

/* Makes `path` that of the file `name`, or `name` with the suffix, in `folder`; false if there is
 * none. */
static bool in_folder(const char *root, const char *folder, const char *name, const char *suffix,
                      char path[ESP_SHIPPED_PATH_MAX]) {
  const char *const ending[] = {"", suffix};
  for (int i = 0; i < 2; i++) {
    const int length =
        snprintf(path, ESP_SHIPPED_PATH_MAX, "%s%s%s%s", root, folder, name, ending[i]);
    if (length < ESP_SHIPPED_PATH_MAX && is_file(path)) return true;
  }
  return false;
}

static bool find(const char *name, const char *suffix, char path[ESP_SHIPPED_PATH_MAX]) {
  static const char *const folder[] = {"/configs/", "/configs/papers/", "/"};
  const char *const root[] = {".", esp__data_directory()};
  for (int r = 0; r < 2; r++)
    for (int f = 0; f < 3; f++)
      if (in_folder(root[r], folder[f], name, suffix, path)) return true;
  return false;
}

static esp_status find_or_refuse(const char *name, const char *suffix, const char *refusal,
                                 char path[ESP_SHIPPED_PATH_MAX], esp_error *err) {
  if (*name == '/' || *name == '.')
    return esp_fail(err, ESP_ERR_INPUT, "%.200s: %s", name, refusal);
  if (!find(name, suffix, path))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%.200s: %s (looked for here, in configs, in configs/papers, and below %.200s)",
                    name, refusal, esp__data_directory());
  if (strncmp(path, "./", 2) == 0) memmove(path, path + 2, strlen(path + 2) + 1);
  return ESP_OK;
}

esp_status esp__shipped_find(const char *name, const char *suffix, const char *refusal,
                             char path[ESP_SHIPPED_PATH_MAX], esp_error *err) {
  if (is_file(name) && strlen(name) < ESP_SHIPPED_PATH_MAX) return strcpy(path, name), ESP_OK;
  const bool there = access(name, F_OK) == 0 || errno != ENOENT;
  const esp_status status = find_or_refuse(name, suffix, refusal, path, err);
  if (status == ESP_OK || !there || strlen(name) >= ESP_SHIPPED_PATH_MAX) return status;
  return strcpy(path, name), ESP_OK;
}

esp_status esp__shipped_config(const char *name, char path[ESP_SHIPPED_PATH_MAX], esp_error *err) {
  return esp__shipped_find(name, ".ini", "cannot open: No such file or directory", path, err);
}

esp_status esp__shipped_config_or_folder(const char *name, char path[ESP_SHIPPED_PATH_MAX],
                                         esp_error *err) {
  struct stat info;
  if (stat(name, &info) != 0 || !S_ISDIR(info.st_mode) || strlen(name) >= ESP_SHIPPED_PATH_MAX)
    return esp__shipped_config(name, path, err);
  return strcpy(path, name), ESP_OK;
}
