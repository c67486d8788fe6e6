#include "data/file_names.h"

#include "base/reason.h"
#include "data/set.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void esp__file_names_free(esp__file_names *list) {
  for (size_t i = 0; i < list->count; i++) free(list->item[i]);
  free(list->item);
  *list = (esp__file_names){0};
}

esp_status esp__file_names_add(esp__file_names *list, const char *name, esp_error *err) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 64;
    char **item = realloc(list->item, capacity * sizeof *item);
    if (!item) return esp_fail(err, ESP_ERR_MEMORY, "no memory for file names");
    list->item = item;
    list->capacity = capacity;
  }
  char *copy = strdup(name);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "no memory for file names");
  list->item[list->count++] = copy;
  return ESP_OK;
}

bool esp__is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static esp_status scan(esp__file_names *list, DIR *dir, const char *folder, esp__takes *takes,
                       const void *with, esp_error *err) {
  char path[ESP_PATH_BYTES];
  errno = 0;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL; errno = 0) {
    if (entry->d_name[0] == '.') continue;
    ESP_TRY(esp__data_path(path, folder, entry->d_name, err));
    if (takes(path, with)) ESP_TRY(esp__file_names_add(list, entry->d_name, err));
  }
  if (errno)
    return esp_fail(err, esp__status_of(errno), "%s: cannot list: %s", folder, strerror(errno));
  return ESP_OK;
}

esp_status esp__file_names_list(esp__file_names *list, const char *folder, esp__takes *takes,
                                const void *with, esp_error *err) {
  DIR *dir = opendir(folder);
  if (!dir)
    return esp_fail(err, esp__status_of(errno), "%s: cannot list: %s", folder, strerror(errno));
  esp_status status = scan(list, dir, folder, takes, with, err);
  closedir(dir);
  if (list->count) qsort(list->item, list->count, sizeof *list->item, by_name);
  return status;
}
