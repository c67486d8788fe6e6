#include "base/replace.h"

#include "base/first_bytes.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { BEGINNING = 1024 };

/* What cannot be read is nobody's. */
static bool begins_with_mark(const char *path, const char *mark) {
  char first[BEGINNING];
  const size_t bytes = esp__first_bytes(path, first, sizeof first);
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
