/* A library for LD_PRELOAD that counts calls which can fail, and makes one of them fail.
 *
 * Counted are the calls that the command and the libraries it is made of make, by kind; not those
 * of the program loader and of the library of OpenMP, which ends the process by itself. Calls that
 * the C library makes for its own sake count only where they ask for memory: a stream in memory
 * grows there.
 *
 * FAIL_COUNTS=FILE each process appends a line "COMMAND KIND COUNT" a kind as it ends
 * FAIL=KIND:N:HOW the N-th call of that kind fails: HOW is a number, which becomes errno, or
 * "short": half of
 *                   what a read or write was asked for. "N+": all from the N-th on.
 * FAIL_COMMAND=WORD only in processes whose first argument is WORD FAIL_TRACE=FILE the return
 * addresses of the call that fails, within the command */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// clang-format off
#define KINDS(K)                                                                       \
  K(malloc) K(calloc) K(realloc) K(aligned_alloc) K(open_memstream) K(fmemopen)        \
  K(fopen) K(open) K(read) K(write) K(pwrite) K(fsync) K(close) K(fclose) K(fflush)    \
  K(rename) K(unlink) K(mkdir) K(ftruncate) K(flock) K(opendir) K(readdir)             \
  K(fork) K(posix_spawnp) K(waitpid) K(pthread_create)
// clang-format on

enum kind {
#define NAME(kind) KIND_##kind,
  KINDS(NAME)
#undef NAME
      KIND_COUNT
};
static const char *const kind_names[KIND_COUNT] = {
#define NAME(kind) #kind,
    KINDS(NAME)
#undef NAME
};

enum { RANGES_MAX = 64, TRACE_DEPTH = 32 };
typedef struct range {
  uintptr_t begin, end;
  bool libc;
} range;

static range ranges[RANGES_MAX];
static int range_count;
static uintptr_t command_base;
static atomic_long counts[KIND_COUNT];
static char command[64], counts_path[4096];
static int failing_kind = -1;
static long failing_call;
static bool failing_on, short_count;
static int failing_errno;

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

/* The function of that name behind this library. */
#define REAL(name)               \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static bool counts_here(const void *caller, bool memory) {
  const uintptr_t at = (uintptr_t)caller;
  for (int i = 0; i < range_count; i++)
    if (at >= ranges[i].begin && at < ranges[i].end) return memory || !ranges[i].libc;
  return false;
}

static void trace(void) {
  const char *path = getenv("FAIL_TRACE");
  if (!path) return;
  void *address[TRACE_DEPTH];
  const int depth = backtrace(address, TRACE_DEPTH);
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  for (int i = 0; i < depth; i++)
    if (file >= 0) dprintf(file, "%#lx\n", (unsigned long)((uintptr_t)address[i] - command_base));
}

/* Counts a call of this kind. Whether it is to fail; then errno is set. */
static bool fails(enum kind kind, const void *caller) {
  if (!counts_here(caller, kind <= KIND_aligned_alloc)) return false;
  const long number = atomic_fetch_add(&counts[kind], 1) + 1;
  if ((int)kind != failing_kind || number < failing_call || (number > failing_call && !failing_on))
    return false;
  if (number == failing_call) trace();
  if (!short_count) errno = failing_errno;
  return true;
}
#define FAILS(name) fails(KIND_##name, __builtin_return_address(0))

static bool is_ours(const char *path) {
  static const char *const names[] = {"/libcjson.", "/libinih.", "/libz.", "/libprotobuf-c."};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strstr(path, names[i])) return true;
  return false;
}

static int find_ranges(struct dl_phdr_info *info, size_t size, void *first) {
  (void)size;
  const bool is_command = *(bool *)first, libc = strstr(info->dlpi_name, "/libc.") != NULL;
  *(bool *)first = false;
  if (is_command) command_base = info->dlpi_addr;
  if (!is_command && !libc && !is_ours(info->dlpi_name)) return 0;
  for (int i = 0; i < info->dlpi_phnum && range_count < RANGES_MAX; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    const uintptr_t begin = info->dlpi_addr + part->p_vaddr;
    ranges[range_count++] = (range){begin, begin + part->p_memsz, libc};
  }
  return 0;
}

static void read_wish(void) {
  const char *wish = getenv("FAIL"), *only = getenv("FAIL_COMMAND");
  char kind[32], how[16], more[2] = "";
  long number;
  if (!wish || (only && strcmp(only, command) != 0)) return;
  if (sscanf(wish, "%31[a-z_]:%ld:%15s", kind, &number, how) != 3 &&
      sscanf(wish, "%31[a-z_]:%ld%1[+]:%15s", kind, &number, more, how) != 4)
    return;
  short_count = strcmp(how, "short") == 0;
  failing_errno = atoi(how);
  failing_call = number;
  failing_on = *more != '\0';
  for (int k = 0; k < KIND_COUNT; k++)
    if (strcmp(kind_names[k], kind) == 0) failing_kind = k;
}

__attribute__((constructor)) static void begin(int argc, char **argv) {
  bool first = true;
  void *address[1];
  backtrace(address, 1); /* it asks for memory when it is called first */
  snprintf(command, sizeof command, "%s", argc > 1 ? argv[1] : "-");
  const char *path = getenv("FAIL_COUNTS");
  snprintf(counts_path, sizeof counts_path, "%s", path ? path : "");
  read_wish();
  dl_iterate_phdr(find_ranges, &first);
}

__attribute__((destructor)) static void end(void) {
  long total[KIND_COUNT];
  for (int k = 0; k < KIND_COUNT; k++) total[k] = atomic_load(&counts[k]);
  if (!*counts_path) return;
  const int file = open(counts_path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  for (int k = 0; file >= 0 && k < KIND_COUNT; k++)
    if (total[k] > 0) dprintf(file, "%s %s %ld\n", command, kind_names[k], total[k]);
}

/* ---- memory ---- */

void *malloc(size_t bytes) {
  return FAILS(malloc) ? NULL : __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes) {
  return FAILS(calloc) ? NULL : __libc_calloc(count, bytes);
}
void *realloc(void *old, size_t bytes) {
  return FAILS(realloc) ? NULL : __libc_realloc(old, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) {
  return FAILS(aligned_alloc) ? NULL : __libc_memalign(alignment, bytes);
}

/* ---- streams ---- */

FILE *open_memstream(char **text, size_t *bytes) {
  REAL(open_memstream);
  return FAILS(open_memstream) ? NULL : real(text, bytes);
}
FILE *fmemopen(void *text, size_t bytes, const char *mode) {
  REAL(fmemopen);
  return FAILS(fmemopen) ? NULL : real(text, bytes, mode);
}
FILE *fopen(const char *path, const char *mode) {
  REAL(fopen);
  return FAILS(fopen) ? NULL : real(path, mode);
}
FILE *fopen64(const char *path, const char *mode) {
  REAL(fopen64);
  return FAILS(fopen) ? NULL : real(path, mode);
}
int fclose(FILE *stream) {
  REAL(fclose);
  const bool failing = FAILS(fclose);
  const int reason = errno, result = real(stream);
  if (!failing) return result;
  errno = reason;
  return EOF;
}
int fflush(FILE *stream) {
  REAL(fflush);
  return FAILS(fflush) ? EOF : real(stream);
}

/* ---- files ---- */

static mode_t mode_of(int flags, va_list rest) {
  return flags & O_CREAT ? va_arg(rest, mode_t) : 0;
}
int open(const char *path, int flags, ...) {
  REAL(open);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return FAILS(open) ? -1 : real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return FAILS(open) ? -1 : real(path, flags, mode);
}
/* How many bytes a call transfers that ends early. */
static size_t half(size_t bytes) {
  return bytes > 1 ? bytes / 2 : bytes;
}
ssize_t read(int file, void *to, size_t bytes) {
  REAL(read);
  if (!FAILS(read)) return real(file, to, bytes);
  return short_count ? real(file, to, half(bytes)) : -1;
}
ssize_t write(int file, const void *from, size_t bytes) {
  REAL(write);
  if (!FAILS(write)) return real(file, from, bytes);
  return short_count ? real(file, from, half(bytes)) : -1;
}
ssize_t pwrite(int file, const void *from, size_t bytes, off_t at) {
  REAL(pwrite);
  if (!FAILS(pwrite)) return real(file, from, bytes, at);
  return short_count ? real(file, from, half(bytes), at) : -1;
}
ssize_t pwrite64(int file, const void *from, size_t bytes, off64_t at) {
  REAL(pwrite64);
  if (!FAILS(pwrite)) return real(file, from, bytes, at);
  return short_count ? real(file, from, half(bytes), at) : -1;
}
int fsync(int file) {
  REAL(fsync);
  return FAILS(fsync) ? -1 : real(file);
}
/* The descriptor is free whatever close says. */
int close(int file) {
  REAL(close);
  const bool failing = FAILS(close);
  const int reason = errno, result = real(file);
  if (!failing) return result;
  errno = reason;
  return -1;
}
int rename(const char *from, const char *to) {
  REAL(rename);
  return FAILS(rename) ? -1 : real(from, to);
}
int unlink(const char *path) {
  REAL(unlink);
  return FAILS(unlink) ? -1 : real(path);
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  return FAILS(mkdir) ? -1 : real(path, mode);
}
int ftruncate(int file, off_t bytes) {
  REAL(ftruncate);
  return FAILS(ftruncate) ? -1 : real(file, bytes);
}
int ftruncate64(int file, off64_t bytes) {
  REAL(ftruncate64);
  return FAILS(ftruncate) ? -1 : real(file, bytes);
}
int flock(int file, int operation) {
  REAL(flock);
  return FAILS(flock) ? -1 : real(file, operation);
}
DIR *opendir(const char *path) {
  REAL(opendir);
  return FAILS(opendir) ? NULL : real(path);
}
struct dirent *readdir(DIR *folder) {
  REAL(readdir);
  return FAILS(readdir) ? NULL : real(folder);
}
struct dirent64 *readdir64(DIR *folder) {
  REAL(readdir64);
  return FAILS(readdir) ? NULL : real(folder);
}

/* ---- processes and threads ---- */

pid_t fork(void) {
  REAL(fork);
  return FAILS(fork) ? -1 : real();
}
int posix_spawnp(pid_t *child, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argument[],
                 char *const environment[]) {
  REAL(posix_spawnp);
  return FAILS(posix_spawnp) ? errno
                             : real(child, file, actions, attributes, argument, environment);
}
pid_t waitpid(pid_t child, int *status, int options) {
  REAL(waitpid);
  return FAILS(waitpid) ? -1 : real(child, status, options);
}
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *),
                   void *argument) {
  REAL(pthread_create);
  return FAILS(pthread_create) ? errno : real(thread, attributes, work, argument);
}
