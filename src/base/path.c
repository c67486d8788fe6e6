#include "base/path.h"

#include <stdio.h>
#include <unistd.h>

bool esp__path_join(char path[ESP_PATH_MAX], const char *dir, const char *name) {
  const int length = snprintf(path, ESP_PATH_MAX, "%s/%s", dir, name);
  return length >= 0 && length < ESP_PATH_MAX;
}

esp_status esp__path_make(char path[ESP_PATH_MAX], const char *dir, const char *name,
                          esp_error *err) {
  return esp__path_join(path, dir, name)
             ? ESP_OK
             : esp_fail(err, ESP_ERR_INPUT, "%.60s...: path too long", dir);
}

bool esp__path_exists(const char *dir, const char *name) {
  char path[ESP_PATH_MAX];
  return esp__path_join(path, dir, name) && access(path, F_OK) == 0;
}

const char *esp__path_from(const char *path, char text[ESP_PATH_MAX]) {
  char folder[ESP_PATH_MAX - 16];
  *text = '\0';
  if (*path != '/' && getcwd(folder, sizeof folder))
    snprintf(text, ESP_PATH_MAX, " (from %s)", folder);
  return text;
}
