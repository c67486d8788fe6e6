#include "base/replace.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { BEGINNING = 1024 };

/* What cannot be read is nobody's. */
static bool begins_with_mark(const char *path, const char *mark) {
  char first[BEGINNING];
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  const size_t bytes = fread(first, 1, sizeof first, file);
  fclose(file);
  return memmem(first, bytes, mark, strlen(mark)) != NULL;
}

esp_status esp__check_replaced(const char *path, const char *mark, const char *what,
                               esp_error *err) {
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return ESP_OK; /* writing says why */
  if (info.st_size == 0 || begins_with_mark(path, mark)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: is there already and %s; expected another name", path,
                  what);
}
