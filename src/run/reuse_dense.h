/* Taking over the training of another run: key run.dense. */
#ifndef ESP_RUN_REUSE_DENSE_H
#define ESP_RUN_REUSE_DENSE_H

#include "run/run_state.h"

/* Whether the run that run.dense names, if any, is a finished dense run of the same configuration,
 * and has the weights that will be rewound to. Touches nothing. */
esp_status esp__run_try_dense(const esp_run *r, esp_error *err);
/* Puts the run, which has no checkpoint yet, where the training has ended: tensors, position,
 * files. */
esp_status esp__run_take_dense(esp_run *r, esp_error *err);

/* Reads the position that the checkpoint `path`, which is open, holds; *at is to be freed. */
esp_status esp__run_read_position(esp__position *at, const esp_bundle *b, const char *path,
                                  esp_error *err);
/* Goes on from the position `text` of a checkpoint of the run in the directory `from`, with the
 * data, the configuration and the plugins of this one. Fails where the data are others. */
esp_status esp__run_take_position(esp_run *r, const char *text, const char *from, esp_error *err);

#endif
