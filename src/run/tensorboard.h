/* What a run tells TensorBoard ([log] tensorboard). */
#ifndef ESP_RUN_TENSORBOARD_H
#define ESP_RUN_TENSORBOARD_H

#include "run/run_state.h"
#include "rundir/tables.h"

/* Events of the epoch that has just ended, of which `train` are the training images. */
esp_status esp__run_log_epoch(esp_run *r, const esp__log_row *row, const esp_metrics *train,
                              esp_error *err);
/* Events of the result of a stage. */
esp_status esp__run_log_result(esp_run *r, const esp__result *result, esp_error *err);

#endif
