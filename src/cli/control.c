#include "cli/control.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

/* A second signal ends the process at once. What a terminal shows of Ctrl-C stands in the line that
 * was open; what follows begins a new one. */
static void on_signal(int number) {
  stop = 1;
  signal(number, SIG_DFL);
  if (isatty(STDOUT_FILENO) && write(STDOUT_FILENO, "\n", 1) != 1) return;
}

/* What a launcher hands on, perhaps besides what it does to the process itself. */
static void on_message(int number) {
  (void)number;
  stop = 1;
}

esp_run_control esp__cli_control(void) {
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  signal(SIGUSR1, on_message);
  return (esp_run_control){.progress = stdout, .stop = &stop};
}
