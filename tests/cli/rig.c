#include "folder.h"
#include "rig.h"
#include "suite.h"

#include <fcntl.h>
#include <sys/file.h>
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 512 };

static char *root, command[4096];

void rig_begin(void) {
  if (!getenv("ESPALIER") || !realpath(getenv("ESPALIER"), command)) {
    perror("the environment variable ESPALIER must be the path of the command");
    exit(EXIT_FAILURE);
  }
  root = folder_make();
  setenv("OMP_WAIT_POLICY", "passive", 0); /* threads that spin wait for each other */
}

void rig_open(void) {
  char folder[FOLDER_PATH_MAX];
  snprintf(folder, sizeof folder, "%s/XXXXXX", root);
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chdir(folder), 0);
}

int rig_end(Suite *suite) {
  const int failed = suite_run(suite);
  if (chdir("/") == 0) folder_remove(root);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void remove_tree(const char *path) {
  ck_assert_int_eq(tree_remove(path), 0);
}

void bytes_write(const char *path, const void *data, size_t bytes) {
  FILE *file = fopen(path, "wb");
  ck_assert_msg(file != NULL, "%s", path);
  ck_assert_uint_eq(fwrite(data, 1, bytes, file), bytes);
  ck_assert_int_eq(fclose(file), 0);
}

void text_write(const char *path, const char *text) {
  bytes_write(path, text, strlen(text));
}

char *bytes_read(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s", path);
  ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
  const long end = ftell(file);
  rewind(file);
  char *data = calloc((size_t)end + 1, 1);
  ck_assert_ptr_nonnull(data);
  ck_assert_uint_eq(fread(data, 1, (size_t)end, file), (size_t)end);
  fclose(file);
  if (bytes) *bytes = (size_t)end;
  return data;
}

int lock_hold(const char *dir) {
  char path[256];
  snprintf(path, sizeof path, "%s/lock", dir);
  const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  ck_assert_int_eq(flock(file, LOCK_EX | LOCK_NB), 0);
  return file;
}

bool exists(const char *path) {
  return access(path, F_OK) == 0;
}

bool same_bytes(const char *path, const char *other) {
  size_t a, b;
  char *x = bytes_read(path, &a), *y = bytes_read(other, &b);
  const bool same = a == b && memcmp(x, y, a) == 0;
  free(x);
  free(y);
  return same;
}

int count_files(const char *path, const char *ending) {
  int count = 0;
  DIR *dir = opendir(path);
  ck_assert_msg(dir != NULL, "%s", path);
  for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
    const size_t length = strlen(e->d_name), tail = strlen(ending);
    count +=
        length >= tail && e->d_name[0] != '.' && strcmp(e->d_name + length - tail, ending) == 0;
  }
  closedir(dir);
  return count;
}

process espalier(const process_options *options, const char *const *argument) {
  const char *all[ARGUMENTS_MAX] = {command};
  for (int i = 0; argument[i]; i++) {
    ck_assert_int_lt(i, ARGUMENTS_MAX - 2);
    all[i + 1] = argument[i];
  }
  return process_run(all, options);
}

void espalier_succeeds(const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_msg(p.status == 0 && !*p.err, "espalier %s %s: status %d, signal %d, '%s'", argument[0],
                argument[1], p.status, p.signal, p.err);
  process_free(&p);
}

void espalier_ends(int status, const char *out, const char *err, const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_msg(p.status == status, "status %d, expected %d: '%s' '%s'", p.status, status, p.out,
                p.err);
  ck_assert_msg(!out || strstr(p.out, out), "'%s' lacks '%s'", p.out, out);
  ck_assert_msg(!err || strstr(p.err, err), "'%s' lacks '%s'", p.err, err);
  const char *newline = strchr(p.err, '\n');
  ck_assert_msg(status == 0 ? !*p.err : newline && !newline[1], "expected %s: '%s'",
                status == 0 ? "nothing" : "one line", p.err);
  process_free(&p);
}
