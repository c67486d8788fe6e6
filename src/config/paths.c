#include "config/paths.h"

#include "base/path.h"
#include "base/shipped.h"
#include "base/value.h"
#include "config/sections.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of `name` up to the end of its last ".."; 0: it has none. */
static size_t climb_of(const char *name) {
  size_t end = 0, length;
  for (const char *part = name; *part; part += length + strspn(part + length, "/")) {
    length = strcspn(part, "/");
    if (length == 2 && strncmp(part, "..", 2) == 0) end = (size_t)(part - name) + 2;
  }
  return end;
}

/* Adds the parts of `name` to `path`, but for each "."; false where they are too long. */
static bool add_parts(char path[ESP_PATH_MAX], const char *name) {
  size_t used = strlen(path), length;
  for (; *name; name += length + strspn(name + length, "/")) {
    length = strcspn(name, "/");
    if (length == 0 || (length == 1 && *name == '.')) continue;
    if (used + 1 + length >= ESP_PATH_MAX) return false;
    path[used++] = '/';
    memcpy(path + used, name, length);
    path[used += length] = '\0';
  }
  return true;
}

/* Makes the absolute path of `name` in `folder`; false where there is none. What a ".." leads out
 * of may be a link, so the system says where that is; links behind it stay in the path. */
static bool in_folder(const char *folder, const char *name, char path[ESP_PATH_MAX]) {
  char there[ESP_PATH_MAX], base[PATH_MAX];
  const size_t climb = climb_of(name);
  if (!esp__path_join(there, folder, name) || access(there, F_OK) != 0) return false;
  there[strlen(folder) + 1 + climb] = '\0';
  if (!realpath(there, base) || strlen(base) >= ESP_PATH_MAX) return false;
  strcpy(path, strcmp(base, "/") == 0 ? "" : base);
  if (!add_parts(path, name + climb)) return false;
  if (!*path) strcpy(path, "/");
  return true;
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

/* The same for a file that comes with Espalier. */
static bool among_shipped(const char *name, char path[ESP_PATH_MAX]) {
  char there[ESP_SHIPPED_PATH_MAX];
  return esp__shipped_find(name, "", "", there, NULL) == ESP_OK &&
         in_folder(*there == '/' ? "/" : ".", there, path);
}

static esp_status find_path(const esp_option *o, void *options, const char *folder,
                            esp_error *err) {
  char **path = (char **)((char *)options + o->offset), found[ESP_PATH_MAX];
  if (!**path || **path == '/') return ESP_OK;
  if (!(folder && in_folder(folder, *path, found)) && !in_folder(".", *path, found) &&
      !among_shipped(*path, found))
    return ESP_OK;
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
