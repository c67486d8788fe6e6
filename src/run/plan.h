/* What a run will do, before it begins. */
#ifndef ESP_RUN_PLAN_H
#define ESP_RUN_PLAN_H

#include "run/run_state.h"

/* Lines about an opened run: network, data, steps, pruning, memory. Where rounds react or a
 * training may end early, the steps are at most those said. */
esp_status esp__run_plan_write(const esp_run *r, FILE *out, esp_error *err);

/* How fast an opened run trains on this machine: dense, unless masks are there from the first step
 * on. */
typedef struct esp__run_pace {
  double images_per_second; /* 0: there was no step to measure */
  int steps;                /* that were measured */
  double sparsity;          /* after them */
} esp__run_pace;

/* Trains for about so many seconds with a learning rate of 0; the run cannot be begun after it. */
esp_status esp__run_measure_pace(esp_run *r, double seconds, esp__run_pace *pace, esp_error *err);
/* A line: the seconds that the steps of the whole run take at that pace. */
void esp__run_plan_write_time(const esp_run *r, const esp__run_pace *pace, FILE *out);

#endif
