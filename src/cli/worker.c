#include "cli/worker.h"

#include "base/clock.h"
#include "base/lock.h"
#include "base/reason.h"
#include "cli/cli.h"
#include "rundir/paths.h"

#include <espalier/file.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ERRORS_MAX = 1 << 16 };

static int open_in(const char *dir, const char *name, int flags) {
  char path[ESP_PATH_MAX];
  return esp__path_join(path, dir, name) ? open(path, flags, 0666) : -1;
}

static esp_status refused(const char *dir, const char *what, esp_error *err) {
  return esp_fail(err, esp__status_of(errno), "%s: cannot %s: %s", dir, what, strerror(errno));
}

/* In the new process. */
static void become(const char *dir, int out, int errors, pid_t parent) {
  char command[] = "espalier", resume[] = "resume", end[] = "--", *copy = strdup(dir);
  char *const argument[] = {command, resume, end, copy, NULL};
  const int nothing = open("/dev/null", O_RDONLY);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  if (getppid() == parent && copy && dup2(nothing, 0) >= 0 && dup2(out, 1) >= 0 &&
      dup2(errors, 2) >= 0)
    execv("/proc/self/exe", argument);
  _exit(127);
}

static esp_status start_process(esp__worker *w, const char *dir, esp_error *err) {
  const int out = open_in(dir, ESP_FILE_WORKER_OUTPUT, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  const int errors =
      open_in(dir, ESP_FILE_WORKER_ERRORS, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC);
  const pid_t parent = getpid();
  esp_status status =
      out >= 0 && errors >= 0 ? ESP_OK : refused(dir, "open output.txt and errors.txt", err);
  if (status == ESP_OK) {
    w->process = fork();
    if (w->process == 0) become(dir, out, errors, parent);
    if (w->process < 0) status = refused(dir, "start a process", err);
  }
  if (out >= 0) close(out);
  if (errors >= 0) close(errors);
  return status;
}

esp_status esp__worker_begin(esp__worker *w, const esp_sweep *s, int run, esp__worker_start *start,
                             esp_error *err) {
  char dir[4096];
  esp_sweep_path(s, run, dir);
  *w = (esp__worker){.run = run, .begun = esp__seconds()};
  ESP_TRY(esp_sweep_make_run(s, run, err));
  *start = esp__lock_taken(dir) ? ESP_WORKER_BUSY : ESP_WORKER_STARTED;
  return *start == ESP_WORKER_STARTED ? start_process(w, dir, err) : ESP_OK;
}

bool esp__worker_last_line(const char *dir, char line[1024]) {
  char path[ESP_PATH_MAX], *text;
  size_t bytes;
  if (!esp__path_join(path, dir, ESP_FILE_WORKER_ERRORS)) return false;
  if (esp_file_read(path, ERRORS_MAX, &text, &bytes, NULL) != ESP_OK) return false;
  while (bytes > 0 && text[bytes - 1] == '\n') text[--bytes] = '\0';
  const char *newline = strrchr(text, '\n'), *last = newline ? newline + 1 : text;
  const char *colon = strncmp(last, "espalier", 8) == 0 ? strstr(last, ": ") : NULL;
  if (colon) last = colon + 2; /* behind the name of the command that says it */
  snprintf(line, 1024, "%s", last);
  free(text);
  return *line;
}

esp__worker_end esp__worker_look(esp__worker *w, const esp_sweep *s, char line[1024]) {
  char dir[ESP_PATH_MAX], path[ESP_PATH_MAX];
  int status = 0;
  const pid_t ended = waitpid(w->process, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return ESP_WORKER_RUNS;
  w->process = 0;
  esp_sweep_path(s, w->run, dir);
  if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == ESP_EXIT_BUSY)
    return ESP_WORKER_YIELDED;
  if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    if (esp__path_join(path, dir, ESP_FILE_WORKER_ERRORS)) unlink(path);
    return ESP_WORKER_FINISHED;
  }
  if (ended > 0 && WIFSIGNALED(status))
    snprintf(line, 1024, "was killed by signal %d", WTERMSIG(status));
  else if (!esp__worker_last_line(dir, line))
    snprintf(line, 1024, "ended without a word; see output.txt in its directory");
  return ESP_WORKER_FAILED;
}

void esp__worker_stop(const esp__worker *w) {
  if (w->process > 0) kill(w->process, SIGTERM);
}
