/* Weights that a run keeps on the way, and comes back to. */
#ifndef ESP_RUN_SNAPSHOTS_H
#define ESP_RUN_SNAPSHOTS_H

#include "run/run_state.h"

/* Saves the weights that have a name of their own for the epoch, or the step, that the training has
 * reached (run.keep_epochs, run.keep_steps), and those to rewind to. Nothing outside stage 0. */
esp_status esp__run_keep_epoch(esp_run *r, int64_t epoch, esp_error *err);
esp_status esp__run_keep_step(esp_run *r, int64_t step, esp_error *err);
/* What the pruned network starts its retraining from: no momentum, and the weights that
 * prune.retrain says. */
esp_status esp__run_rewind(esp_run *r, esp_error *err);

#endif
