/* A run of a sweep in a process of its own. */
#ifndef ESP_WORKER_H
#define ESP_WORKER_H

#include <espalier/sweep.h>

#include <sys/types.h>

typedef struct esp_worker {
  pid_t process; /* 0 = none */
  int run;       /* its index in the sweep */
  int lock;      /* held on the run's config.ini as long as the process, or we, live */
  double begun;  /* clock */
} esp_worker;

typedef enum esp_worker_start {
  ESP_WORKER_STARTED,
  ESP_WORKER_BUSY /* another process works on this run */
} esp_worker_start;

/* Makes the run's directory and starts `espalier resume` in it. What that prints goes to output.txt and
 * errors.txt there. When this process dies, the other is told to stop. */
esp_status esp_worker_begin(esp_worker *w, const esp_sweep *s, int run, esp_worker_start *start,
                            esp_error *err);
/* Whether it has ended; then *failed says how, and `line` is the last that it said on stderr. */
bool esp_worker_ended(esp_worker *w, const esp_sweep *s, bool *failed, char line[1024]);
void esp_worker_stop(const esp_worker *w);

#endif
