#include "cli/control.h"

#include <signal.h>

static volatile sig_atomic_t stop;

/* A second signal ends the process at once. */
static void on_signal(int number) {
  stop = 1;
  signal(number, SIG_DFL);
}

esp_run_control esp__cli_control(void) {
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  return (esp_run_control){stdout, &stop};
}
