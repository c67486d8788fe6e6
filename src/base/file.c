#include "base/reason.h"

#include <espalier/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static esp_status refused(const char *path, const char *what, esp_error *err) {
  return esp_fail(err, esp__status_of(errno), "%s: cannot %s: %s", path, what, strerror(errno));
}

static esp_status too_large(const char *path, size_t limit, esp_error *err) {
  return esp_fail(err, ESP_ERR_INPUT, "%s: too large, expected at most %zu bytes", path, limit);
}

/* Reads to the end, whatever size was announced: a file can grow, and those in /proc announce 0. */
static esp_status read_all(int file, const char *path, size_t limit, size_t announced, char **data,
                           size_t *bytes, esp_error *err) {
  size_t capacity = announced + 1, used = 0;
  char *buffer = malloc(capacity + 1);
  esp_status status = ESP_OK;
  while (buffer) {
    ssize_t got = read(file, buffer + used, capacity - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = refused(path, "read", err);
    if (got <= 0) break;
    used += (size_t)got;
    if (used > limit) {
      status = too_large(path, limit, err);
      break;
    }
    if (used < capacity) continue;
    capacity = capacity <= limit / 2 ? 2 * capacity : limit + 1;
    char *larger = realloc(buffer, capacity + 1);
    if (!larger) free(buffer);
    buffer = larger;
  }
  if (!buffer) status = esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  if (status != ESP_OK) {
    free(buffer);
    return status;
  }
  buffer[used] = '\0';
  *data = buffer;
  *bytes = used;
  return ESP_OK;
}

esp_status esp_file_read(const char *path, size_t limit, char **data, size_t *bytes,
                         esp_error *err) {
  /* Not blocking: opening a pipe must not wait for its writer. */
  int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return refused(path, "open", err);
  struct stat info;
  esp_status status = ESP_OK;
  if (fstat(file, &info) != 0)
    status = refused(path, "read", err);
  else if (S_ISDIR(info.st_mode))
    status = esp_fail(err, ESP_ERR_INPUT, "%s: is a directory, expected a file", path);
  else if (!S_ISREG(info.st_mode))
    status = esp_fail(err, ESP_ERR_INPUT, "%s: is not a regular file", path);
  else if (info.st_size < 0 || (uintmax_t)info.st_size > limit)
    status = too_large(path, limit, err);
  else
    status = read_all(file, path, limit, (size_t)info.st_size, data, bytes, err);
  close(file);
  return status;
}

static esp_status make_one(const char *path, esp_error *err) {
  struct stat info;
  if (mkdir(path, 0777) == 0) return ESP_OK;
  int reason = errno;
  if (stat(path, &info) == 0) {
    if (S_ISDIR(info.st_mode)) return ESP_OK;
    return esp_fail(err, ESP_ERR_IO, "%s: is in the way, expected a directory or nothing", path);
  }
  errno = reason;
  return refused(path, "make the directory", err);
}

esp_status esp_directory_make(const char *path, esp_error *err) {
  if (!*path) return esp_fail(err, ESP_ERR_INPUT, "the name of the directory to make is empty");
  char *copy = strdup(path);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  esp_status status = ESP_OK;
  for (char *c = copy + 1; status == ESP_OK && *c; c++) {
    if (*c != '/') continue;
    *c = '\0';
    status = make_one(copy, err);
    *c = '/';
  }
  if (status == ESP_OK) status = make_one(copy, err);
  free(copy);
  return status;
}
