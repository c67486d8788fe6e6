/* Schedules that react: what the next round of a run is, as a function of the results so far. So a
 * resumed run needs no more than those, and the last good network, good.safetensors. */
#ifndef ESP_RUN_FEEDBACK_H
#define ESP_RUN_FEEDBACK_H

#include "run/run_state.h"

/* After the results that there are. `over` also after the last round that the configuration allows;
 * when it was not good a last stage brings the good network back. All zeros where the schedule does
 * not react. *rounds, unless NULL: the rounds that it took until it was over, or all so far. */
esp_feedback_state esp__run_feedback(const esp_run *r, int *rounds);
/* Whether the stage at work only brings the good network back: nothing is pruned, nothing
 * trained. */
bool esp__run_brings_back(const esp_run *r);
/* The sparsity that the round at work prunes to, where the schedule reacts. */
double esp__run_feedback_sparsity(const esp_run *r);
/* When a stage has ended: keeps the network if it is good. */
esp_status esp__run_keep_good(esp_run *r, esp_error *err);
/* Before a round: puts back the good network if the newest one was not good. */
esp_status esp__run_step_back(esp_run *r, esp_error *err);

#endif
