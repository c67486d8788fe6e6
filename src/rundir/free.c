#include "rundir/free.h"

#include "base/lock.h"
#include "base/temporary.h"
#include "rundir/paths.h"

#include <dirent.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *name, const char *ending) {
  const size_t length = strlen(name), bytes = strlen(ending);
  return length >= bytes && strcmp(name + length - bytes, ending) == 0;
}

static bool is_ours(const char *name) {
  static const char *const names[] = {".", "..", ESP_LOCK_FILE, ESP_FILE_WORKER_OUTPUT,
                                      ESP_FILE_WORKER_ERRORS};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return true;
  return ends_with(name, ESP_TEMPORARY_ENDING);
}

bool esp__directory_is_free(const char *path) {
  DIR *dir = opendir(path);
  bool free = dir != NULL;
  for (const struct dirent *e = dir ? readdir(dir) : NULL; e && free; e = readdir(dir))
    free = is_ours(e->d_name);
  if (dir) closedir(dir);
  return free;
}

static bool is_directory(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

esp_status esp__directory_check(const char *path, const char *const *own, const char *what,
                                esp_error *err) {
  if (!is_directory(path) || esp__directory_is_free(path)) return ESP_OK;
  for (; *own; own++)
    if (esp__path_exists(path, *own)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: has files in it that are not %s's; expected an empty directory, or a name "
                  "that is not there yet",
                  path, what);
}
