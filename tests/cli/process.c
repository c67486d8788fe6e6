#include "process.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = 4096, PATIENCE = 300 /* seconds */ };

extern char **environ;

static void need(bool condition, const char *what) {
  if (condition) return;
  perror(what);
  exit(1);
}

double process_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Ours, with those of the options in front: of two with one name the first counts. */
static char **environment_of(const process_options *o, char *merged[ENVIRONMENT_MAX]) {
  int n = 0;
  for (int i = 0; o->environment && o->environment[i]; i++) merged[n++] = (char *)o->environment[i];
  for (int i = 0; environ[i] && n + 1 < ENVIRONMENT_MAX; i++) merged[n++] = environ[i];
  merged[n] = NULL;
  return merged;
}

static void limit_files(long bytes) {
  if (bytes == 0) return;
  const struct rlimit limit = {(rlim_t)bytes, (rlim_t)bytes};
  signal(SIGXFSZ, SIG_IGN); /* so that write fails instead */
  need(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
}

static pid_t start(const char *const *argument, const process_options *o, int out, int err) {
  char *merged[ENVIRONMENT_MAX];
  environment_of(o, merged);
  fflush(NULL);
  const pid_t child = fork();
  need(child >= 0, "fork");
  if (child > 0) return child;
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  limit_files(o->file_limit);
  execve(argument[0], (char *const *)argument, merged);
  perror(argument[0]);
  _exit(127);
}

/* Looks every millisecond: the moment of the signal need not be more exact. */
static int wait_for(pid_t child, const process_options *o) {
  const double started = process_seconds();
  double begun = o->begun ? 0.0 : started;
  bool sent = o->signal == 0, late = false;
  int status;
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    need(ended >= 0, "waitpid");
    if (ended == child) return status;
    const double now = process_seconds();
    if (begun == 0.0 && access(o->begun, F_OK) == 0) begun = now;
    if (!sent && begun > 0.0 && now - begun >= o->after) sent = kill(child, o->signal) == 0;
    if (!late && now - started > PATIENCE) late = kill(child, SIGKILL) == 0;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static char *text_of(FILE *file) {
  need(fseek(file, 0, SEEK_END) == 0, "fseek");
  const long bytes = ftell(file);
  need(bytes >= 0, "ftell");
  rewind(file);
  char *text = calloc((size_t)bytes + 1, 1);
  need(text && fread(text, 1, (size_t)bytes, file) == (size_t)bytes, "what a program printed");
  fclose(file);
  return text;
}

process process_run(const char *const *argument, const process_options *options) {
  FILE *out = tmpfile(), *err = tmpfile();
  need(out && err, "tmpfile");
  const int status = wait_for(start(argument, options, fileno(out), fileno(err)), options);
  return (process){.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                   .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                   .out = text_of(out),
                   .err = text_of(err)};
}

void process_free(process *p) {
  free(p->out);
  free(p->err);
  *p = (process){0};
}
