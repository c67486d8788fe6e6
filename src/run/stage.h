/* The stages of a run: the training, then one per pruning round. */
#ifndef ESP_RUN_STAGE_H
#define ESP_RUN_STAGE_H

#include "run/run_state.h"

/* How many stages the run has, as far as its results tell: a schedule that reacts can end early. */
int esp__run_stages(const esp_run *r);
/* Goes through all that are left, from where the position says. */
esp_status esp__run_all_stages(esp_run *r, esp_error *err);

#endif
