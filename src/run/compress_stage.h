/* The steps of [compress] as stages of a run. */
#ifndef ESP_RUN_COMPRESS_STAGE_H
#define ESP_RUN_COMPRESS_STAGE_H

#include "run/run_state.h"

/* The beginning of a stage that compresses: makes its step on what the stage before left (its
 * moving averages, where there are any), and evaluates what comes of it. */
esp_status esp__run_compress(esp_run *r, esp_error *err);
/* Before a stage's network is judged: where training on has undone part of a step, it is made
 * again. Nothing in stages before the first step. */
esp_status esp__run_hold_compressed(esp_run *r, esp_error *err);

#endif
