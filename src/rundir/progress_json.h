/* progress.json: how far a run is, for whoever looks at it from outside while it goes on. */
#ifndef ESP_RUNDIR_PROGRESS_JSON_H
#define ESP_RUNDIR_PROGRESS_JSON_H

#include <espalier/quality.h>

#include <stdbool.h>
#include <stdint.h>

/* What a run writes after a step, once in a second at most, and a reader finds whole. */
typedef struct esp__heartbeat {
  int stage, stages;
  int64_t epoch, epochs, batch, batches; /* of the stage; those that are done, in all */
  int64_t epochs_left;                   /* of the whole run, the one at work included */
  double loss, quality;                  /* of the epoch so far */
  const esp_quality *is;                 /* what the quality is */
  double sparsity;                       /* a share */
  double images_per_second, seconds_left;
} esp__heartbeat;

/* Errors are swallowed: a run does not fail because nobody can watch it. */
void esp__heartbeat_write(const esp__heartbeat *p, const char *dir);
/* Nothing is left to see: the run has come to an end. */
void esp__heartbeat_end(const char *dir);
/* Epochs done of a run that has `all`. */
double esp__heartbeat_epochs(const esp__heartbeat *p, double all);
/* False when there is none to read. *age: seconds since it was written. */
bool esp__heartbeat_read(esp__heartbeat *p, const char *dir, double *age);

#endif
