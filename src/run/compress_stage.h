/* The steps of [compress] as stages of a run. */
#ifndef ESP_RUN_COMPRESS_STAGE_H
#define ESP_RUN_COMPRESS_STAGE_H

#include "run/run_state.h"

/* Whether the steps can be made, of the network that the run begins with; to know before the run
 * begins. */
esp_status esp__run_try_compress(esp_run *r, esp_error *err);
/* The beginning of a stage that compresses: makes its step on what the stage before left (its
 * moving averages, where there are any), and evaluates what comes of it. */
esp_status esp__run_compress(esp_run *r, esp_error *err);
/* Before a stage's network is judged: where training on has undone part of a step, it is made
 * again. Nothing in stages before the first step. */
esp_status esp__run_hold_compressed(esp_run *r, esp_error *err);

/* Before the checkpoint `path` is loaded: where a step has given the run another network, as its
 * text there says, the run gets that. */
esp_status esp__run_restore_compressed(esp_run *r, const char *path, esp_error *err);

#endif
