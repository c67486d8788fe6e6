/* progress.json: how far a run is, for whoever looks at it from outside while it goes on. */
#ifndef ESP_RUNDIR_PROGRESS_JSON_H
#define ESP_RUNDIR_PROGRESS_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* What a run writes after a step, once in a second at most, and a reader finds whole. */
typedef struct esp_pulse {
  int stage, stages;
  int64_t epoch, epochs, batch, batches; /* of the stage; those that are done, in all */
  int64_t epochs_left;                   /* of the whole run, the one at work included */
  double loss, accuracy, sparsity;       /* of the epoch so far; shares */
  double images_per_second, seconds_left;
} esp_pulse;

/* Errors are swallowed: a run does not fail because nobody can watch it. */
void esp_pulse_write(const esp_pulse *p, const char *dir);
/* Nothing is left to see: the run has come to an end. */
void esp_pulse_end(const char *dir);
/* Epochs done of a run that has `all`. */
double esp_pulse_epochs(const esp_pulse *p, double all);
/* False when there is none to read. *age: seconds since it was written. */
bool esp_pulse_read(esp_pulse *p, const char *dir, double *age);

#endif
