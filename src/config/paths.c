#include "config/paths.h"

#include "base/path.h"
#include "base/value.h"
#include "config/sections.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes the absolute path of `name` in `folder`; false where there is none. */
static bool in_folder(const char *folder, const char *name, char path[ESP_PATH_MAX]) {
  char whole[PATH_MAX];
  while (strncmp(name, "./", 2) == 0) name += 2;
  if (!realpath(folder, whole)) return false;
  if (strcmp(name, ".") == 0) return snprintf(path, ESP_PATH_MAX, "%s", whole) < ESP_PATH_MAX;
  return esp__path_join(path, strcmp(whole, "/") == 0 ? "" : whole, name) &&
         access(path, F_OK) == 0;
}

/* The folder that the file is in. */
static void folder_of(const char *file, char folder[ESP_PATH_MAX]) {
  const char *slash = strrchr(file, '/');
  const size_t length = slash ? (size_t)(slash - file) : 0;
  if (!slash || length >= ESP_PATH_MAX)
    strcpy(folder, ".");
  else
    snprintf(folder, ESP_PATH_MAX, "%.*s", length ? (int)length : 1, file);
}

static esp_status find_path(const esp_option *o, void *options, const char *folder,
                            esp_error *err) {
  char **path = (char **)((char *)options + o->offset), found[ESP_PATH_MAX];
  if (!**path || **path == '/') return ESP_OK;
  if (!(folder && in_folder(folder, *path, found)) && !in_folder(".", *path, found)) return ESP_OK;
  return esp__value_set(o, options, found, "path", err);
}

esp_status esp__config_find_paths(esp_config *config, const char *source, esp_error *err) {
  char folder[ESP_PATH_MAX];
  if (source) folder_of(source, folder);
  for (const esp_section *s = esp_sections; s->name; s++)
    for (const esp_option *o = s->table; o->name; o++)
      if (o->type == ESP_OPTION_PATH)
        ESP_TRY(find_path(o, (char *)config + s->offset, source ? folder : NULL, err));
  return ESP_OK;
}
