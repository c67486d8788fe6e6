/* The names of files and folders in a folder. */
#ifndef ESP_DATA_FILE_NAMES_H
#define ESP_DATA_FILE_NAMES_H

#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct esp__file_names {
  char **item;
  size_t count, capacity;
} esp__file_names;

esp_status esp__file_names_add(esp__file_names *list, const char *name, esp_error *err);
void esp__file_names_free(esp__file_names *list);

/* Whether a list takes the path. */
typedef bool esp__takes(const char *path, const void *with);
/* Appends the names in a folder that `takes` accepts, but hidden ones, and sorts all by their
 * bytes: the order a file system gives means nothing. */
esp_status esp__file_names_list(esp__file_names *list, const char *folder, esp__takes *takes,
                                const void *with, esp_error *err);

bool esp__is_folder(const char *path);

#endif
