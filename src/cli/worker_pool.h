/* Several runs of a sweep at a time, until none is left to do. */
#ifndef ESP_CLI_WORKER_POOL_H
#define ESP_CLI_WORKER_POOL_H

#include <espalier/sweep.h>

#include <signal.h>

typedef struct esp__worker_pool_options {
  int jobs;                          /* runs at a time */
  const bool *mine;                  /* of each run: whether this process is to do it */
  const volatile sig_atomic_t *stop; /* becomes non-zero: stop all and return ESP_ERR_INTERRUPTED */
} esp__worker_pool_options;

/* Runs fail without stopping the others; then the result is ESP_ERR_FAILED. Progress goes to
 * stdout. */
esp_status esp__worker_pool_work(esp_sweep *s, esp__worker_pool_options o, esp_error *err);

#endif
