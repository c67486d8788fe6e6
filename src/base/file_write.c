/* Files that appear whole or not at all. */
#include "base/reason.h"
#include "base/temporary.h"

#include <espalier/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 1000 }; /* temporary files of one file */

void esp_file_abandon(esp_file_writer *w) {
  if (w->file >= 0) close(w->file);
  if (w->temporary) unlink(w->temporary);
  free(w->path);
  free(w->temporary);
  *w = (esp_file_writer){.file = -1};
}

/* Ends the writing with what errno says. */
static esp_status give_up(esp_file_writer *w, const char *what, esp_error *err) {
  const esp_status status = esp__status_of(errno);
  esp_fail(err, status, "%s: cannot %s: %s", w->path, what, strerror(errno));
  esp_file_abandon(w);
  return status;
}

/* Whether `path` is still the name of the file that was opened by it. */
static bool is_named(int file, const char *path) {
  struct stat opened, named;
  return fstat(file, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

static int lock(int file) {
  int result;
  do result = flock(file, LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  return result;
}

/* Removes a temporary file whose writer is no more: a writer has it locked. */
static void remove_stale(const char *path) {
  int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  struct stat info;
  const bool regular = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  if (regular && lock(file) == 0 && is_named(file, path)) unlink(path);
  close(file);
}

/* Makes a file that was not there and locks it, where the file system has locks. -1 with errno
 * EEXIST where something else has the name, or takes the new file for a stale one. */
static int make_locked(const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return -1;
  if ((lock(file) == 0 || errno != EWOULDBLOCK) && is_named(file, path)) return file;
  close(file);
  errno = EEXIST;
  return -1;
}

/* Two that write the same file at once each have a temporary one. */
static void make_temporary(esp_file_writer *w, size_t bytes) {
  for (int i = 0; i < NAMES_MAX; i++) {
    if (i == 0)
      snprintf(w->temporary, bytes, "%s" ESP_TEMPORARY_ENDING, w->path);
    else
      snprintf(w->temporary, bytes, "%s.%d" ESP_TEMPORARY_ENDING, w->path, i);
    remove_stale(w->temporary);
    w->file = make_locked(w->temporary);
    if (w->file >= 0 || errno != EEXIST) return;
  }
}

esp_status esp_file_begin(esp_file_writer *w, const char *path, esp_error *err) {
  *w = (esp_file_writer){.file = -1};
  struct stat info;
  /* The rename would put a file in the place of a device. */
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
    return esp_fail(err, ESP_ERR_IO, "%s: is not a regular file, cannot be replaced", path);
  const size_t bytes = strlen(path) + sizeof ".1000" ESP_TEMPORARY_ENDING;
  w->path = strdup(path);
  char *temporary = malloc(bytes);
  if (!w->path || !temporary) {
    free(temporary);
    esp_file_abandon(w);
    return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  }
  w->temporary = temporary;
  make_temporary(w, bytes);
  if (w->file >= 0) return ESP_OK;
  const int reason = errno;
  free(w->temporary); /* somebody else's */
  w->temporary = NULL;
  errno = reason;
  return give_up(w, "be made", err);
}

esp_status esp_file_append(esp_file_writer *w, const void *data, size_t bytes, esp_error *err) {
  const char *from = data;
  while (bytes > 0) {
    ssize_t written = write(w->file, from, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return give_up(w, "be written", err);
    from += written;
    bytes -= (size_t)written;
  }
  return ESP_OK;
}

static int sync_file(int file) {
  int result;
  do result = fsync(file);
  while (result != 0 && errno == EINTR);
  return result;
}

/* Makes the rename last. */
static int sync_directory_of(const char *path) {
  char *directory = strdup(path);
  if (!directory) return -1;
  char *slash = strrchr(directory, '/');
  if (slash) slash[slash == directory] = '\0';
  int file = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(directory);
  if (file < 0) return -1;
  int result = sync_file(file);
  if (result != 0 && errno == EINVAL) result = 0; /* a file system that has no such thing */
  int reason = errno;
  close(file);
  errno = reason;
  return result;
}

/* Gives the temporary file its name, and closes it: until it has the name its lock tells others
 * that it is no stale one. */
static esp_status put_in_place(esp_file_writer *w, esp_error *err) {
  if (rename(w->temporary, w->path) != 0) return give_up(w, "be replaced", err);
  free(w->temporary);
  w->temporary = NULL; /* it has become the file */
  const int closed = close(w->file);
  w->file = -1;
  return closed == 0 || errno == EINTR ? ESP_OK : give_up(w, "be closed", err);
}

esp_status esp_file_commit(esp_file_writer *w, esp_error *err) {
  if (sync_file(w->file) != 0) return give_up(w, "be written to the disk", err);
  ESP_TRY(put_in_place(w, err));
  if (sync_directory_of(w->path) != 0) return give_up(w, "be made to last in its directory", err);
  esp_file_abandon(w);
  return ESP_OK;
}

esp_status esp_file_write(const char *path, const void *data, size_t bytes, esp_error *err) {
  esp_file_writer w;
  ESP_TRY(esp_file_begin(&w, path, err));
  ESP_TRY(esp_file_append(&w, data, bytes, err));
  return esp_file_commit(&w, err);
}

esp_status esp_file_show(const char *path, const void *data, size_t bytes, esp_error *err) {
  esp_file_writer w;
  ESP_TRY(esp_file_begin(&w, path, err));
  ESP_TRY(esp_file_append(&w, data, bytes, err));
  ESP_TRY(put_in_place(&w, err));
  esp_file_abandon(&w);
  return ESP_OK;
}
