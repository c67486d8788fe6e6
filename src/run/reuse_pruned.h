/* A run that takes its network over from another, up to its last pruning round (run.pruned). */
#ifndef ESP_RUN_REUSE_PRUNED_H
#define ESP_RUN_REUSE_PRUNED_H

#include "run/run_state.h"

/* Fails unless run.pruned, if set, names a finished run whose network is the one to compress.
 * Changes nothing. */
esp_status esp__run_try_pruned(const esp_run *r, esp_error *err);
/* Takes that network over: tensors, masks, results and tables; writes the first checkpoint. */
esp_status esp__run_take_pruned(esp_run *r, esp_error *err);

#endif
