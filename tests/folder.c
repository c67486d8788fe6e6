#include "folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *place(void) {
  const char *given = getenv("TMPDIR");
  if (given && *given) return given;
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

char *folder_make(void) {
  char *folder;
  if (asprintf(&folder, "%s/espalier-XXXXXX", place()) < 0 || !mkdtemp(folder)) {
    perror("a temporary folder");
    exit(EXIT_FAILURE);
  }
  return folder;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where) {
  (void)info, (void)type, (void)where;
  return remove(path);
}

int tree_remove(const char *path) {
  return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void folder_remove(char *folder) {
  if (tree_remove(folder) != 0) {
    perror(folder);
    exit(EXIT_FAILURE);
  }
  free(folder);
}
