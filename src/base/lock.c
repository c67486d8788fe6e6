#include "base/lock.h"

#include "base/path.h"
#include "base/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int open_in(const char *dir, int flags) {
  char path[ESP_PATH_MAX];
  if (esp__path_join(path, dir, ESP_LOCK_FILE)) return open(path, flags | O_CLOEXEC, 0666);
  errno = ENAMETOOLONG;
  return -1;
}

/* 0 when it was taken, else why not, as errno has it. */
static int take(int file, bool wait) {
  int result;
  do result = flock(file, LOCK_EX | (wait ? 0 : LOCK_NB));
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

esp_status esp__lock_take(esp__lock *lock, const char *dir, bool wait, esp_error *err) {
  *lock = (esp__lock){.file = open_in(dir, O_RDWR | O_CREAT)};
  if (lock->file < 0)
    return esp_fail(err, esp__status_of(errno), "%s/lock: cannot be opened: %s", dir,
                    strerror(errno));
  const int reason = take(lock->file, wait);
  lock->held = reason != EWOULDBLOCK;
  lock->guards = reason == 0;
  if (lock->held) return ESP_OK;
  close(lock->file);
  return esp_fail(err, ESP_ERR_BUSY,
                  "%s: another process is at work in it; wait for its end, or stop it", dir);
}

void esp__lock_drop(esp__lock *lock) {
  if (lock->held) close(lock->file);
  *lock = (esp__lock){0};
}

/* Tries the lock, and lets go of it: 0 when nobody has it, else why it cannot be taken. */
static int try_lock(const char *dir) {
  const int file = open_in(dir, O_RDWR);
  if (file < 0) return errno;
  const int reason = take(file, false);
  close(file);
  return reason;
}

bool esp__lock_taken(const char *dir) {
  return try_lock(dir) == EWOULDBLOCK;
}

bool esp__lock_left(const char *dir) {
  return try_lock(dir) == 0;
}
