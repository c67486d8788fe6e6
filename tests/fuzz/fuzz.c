#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_need(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "not so: %s\n", what);
  abort();
}

static void fill(int file, const void *data, size_t bytes) {
  fuzz_need(file >= 0 && ftruncate(file, 0) == 0, "a file");
  fuzz_need(pwrite(file, data, bytes, 0) == (ssize_t)bytes, "a file's content");
}

const char *fuzz_file(const uint8_t *data, size_t bytes) {
  static int file = -1;
  static char path[64];
  if (file < 0) file = memfd_create("input", MFD_CLOEXEC);
  fill(file, data, bytes);
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  return path;
}

static char folder[64];

static void remove_folder(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (system(command) != 0) perror(folder);
}

const char *fuzz_folder(void) {
  if (*folder) return folder;
  strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/espalier-fuzz-XXXXXX"
                                               : "/tmp/espalier-fuzz-XXXXXX");
  fuzz_need(mkdtemp(folder) != NULL, "a folder");
  atexit(remove_folder);
  return folder;
}

void fuzz_put(const char *name, const void *data, size_t bytes) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
  const int file = open(path, O_WRONLY | O_CREAT, 0666);
  fill(file, data, bytes);
  close(file);
}

char *fuzz_text(const uint8_t *data, size_t bytes) {
  char *text = malloc(bytes + 1);
  fuzz_need(text != NULL, "memory");
  memcpy(text, data, bytes);
  text[bytes] = '\0';
  return text;
}
