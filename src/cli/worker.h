/* A run of a sweep in a process of its own. */
#ifndef ESP_CLI_WORKER_H
#define ESP_CLI_WORKER_H

#include <espalier/sweep.h>

#include <sys/types.h>

typedef struct esp__worker {
  pid_t process; /* 0 = none */
  int run;       /* its index in the sweep */
  double begun;  /* clock */
} esp__worker;

typedef enum esp__worker_start {
  ESP_WORKER_STARTED,
  ESP_WORKER_BUSY /* another process works on this run */
} esp__worker_start;

typedef enum esp__worker_end {
  ESP_WORKER_RUNS, /* not ended */
  ESP_WORKER_FINISHED,
  ESP_WORKER_FAILED,
  ESP_WORKER_YIELDED /* another process was quicker to take the run */
} esp__worker_end;

/* Makes the run's directory and starts `espalier resume` in it. What that prints goes to output.txt
 * and errors.txt there. When this process dies, the other is told to stop. */
esp_status esp__worker_begin(esp__worker *w, const esp_sweep *s, int run, esp__worker_start *start,
                             esp_error *err);
/* Whether it has ended, and how; where it failed, `line` is the last that it said on stderr. */
esp__worker_end esp__worker_look(esp__worker *w, const esp_sweep *s, char line[1024]);
/* The last line of the errors.txt of a run that such a process works or worked on; false where it
 * says nothing. */
bool esp__worker_last_line(const char *dir, char line[1024]);
void esp__worker_stop(const esp__worker *w);

#endif
