#include "base/first_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Until all are there, or the file ends. */
static size_t read_all(int file, char *bytes, size_t most) {
  size_t used = 0;
  while (used < most) {
    const ssize_t got = read(file, bytes + used, most - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += (size_t)got;
  }
  return used;
}

size_t esp__first_bytes(const char *path, void *bytes, size_t most) {
  struct stat info;
  const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return 0;
  const bool regular = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  const size_t used = regular ? read_all(file, bytes, most) : 0;
  close(file);
  return used;
}
