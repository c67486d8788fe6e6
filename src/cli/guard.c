#include "cli/guard.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigset_t awaited(void) {
  static const int signals[] = {SIGCHLD, SIGINT, SIGTERM, SIGUSR1};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(&set, signals[i]);
  return set;
}

/* In the child. */
static void live_with(pid_t guard) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != guard) _exit(1);
}

/* Until the child has ended; *asked: whether it was asked to. */
static int wait_for(pid_t child, const sigset_t *signals, bool *asked) {
  int status, number;
  *asked = false;
  for (;;) {
    if (sigwait(signals, &number) != 0) continue;
    if (number != SIGCHLD) {
      kill(child, *asked ? SIGKILL : SIGUSR1);
      *asked = true;
    } else if (waitpid(child, &status, WNOHANG) == child) {
      return status;
    }
  }
}

void esp__cli_say_last(const char *why) {
  const struct timespec moment = {0, 200000000};
  fprintf(stderr, "espalier: %s\n", why);
  fflush(NULL);
  nanosleep(&moment, NULL);
}

static void say(int rank, int count, int number) {
  char why[128];
  snprintf(why, sizeof why, "rank %d of %d: ended by signal %d (%s)", rank, count, number,
           strsignal(number));
  esp__cli_say_last(why);
}

/* By the same signal, since launchers say by which. */
static _Noreturn void end_alike(int number, const sigset_t *signals) {
  prctl(PR_SET_DUMPABLE, 0); /* one core file is enough */
  signal(number, SIG_DFL);
  sigprocmask(SIG_UNBLOCK, signals, NULL);
  raise(number);
  _exit(128 + number);
}

void esp__cli_guard(int rank, int count) {
  const sigset_t signals = awaited();
  const pid_t guard = getpid();
  sigset_t before;
  bool asked;
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_BLOCK, &signals, &before);
  const pid_t child = fork();
  if (child <= 0) {
    if (child == 0) live_with(guard);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return;
  }
  const int status = wait_for(child, &signals, &asked);
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  if (!asked) say(rank, count, WTERMSIG(status));
  end_alike(WTERMSIG(status), &signals);
}
