/* Files that appear whole or not at all. */
#include <espalier/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void esp_file_abandon(esp_file_writer *w) {
  if (w->file >= 0) close(w->file);
  if (w->temporary) unlink(w->temporary);
  free(w->path);
  free(w->temporary);
  *w = (esp_file_writer){.file = -1};
}

/* Ends the writing with what errno says. */
static esp_status give_up(esp_file_writer *w, const char *what, esp_error *err) {
  esp_fail(err, ESP_ERR_IO, "%s: cannot %s: %s", w->path, what, strerror(errno));
  esp_file_abandon(w);
  return ESP_ERR_IO;
}

esp_status esp_file_begin(esp_file_writer *w, const char *path, esp_error *err) {
  *w = (esp_file_writer){.file = -1};
  struct stat info;
  /* The rename would put a file in the place of a device. */
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
    return esp_fail(err, ESP_ERR_IO, "%s: is not a regular file, cannot be replaced", path);
  size_t bytes = strlen(path) + sizeof ".tmp";
  w->path = strdup(path);
  w->temporary = malloc(bytes);
  if (w->temporary) snprintf(w->temporary, bytes, "%s.tmp", path);
  if (!w->path || !w->temporary) {
    esp_file_abandon(w);
    return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  }
  unlink(w->temporary); /* left by a crash, or a link somebody laid here */
  w->file = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  return w->file >= 0 ? ESP_OK : give_up(w, "be made", err);
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

/* Closes the temporary file and gives it its name. */
static esp_status put_in_place(esp_file_writer *w, esp_error *err) {
  int closed = close(w->file);
  w->file = -1;
  if (closed != 0) return give_up(w, "be closed", err);
  if (rename(w->temporary, w->path) != 0) return give_up(w, "be replaced", err);
  free(w->temporary);
  w->temporary = NULL; /* it has become the file */
  return ESP_OK;
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
