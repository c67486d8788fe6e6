/* Another network takes the place of a run's. */
#ifndef ESP_RUN_REPLACE_MODEL_H
#define ESP_RUN_REPLACE_MODEL_H

#include "run/run_state.h"

/* `model` becomes r->model, with graphs and a pruner of its own; *before is the one that it
 * replaces, which the caller frees. The run owns both, on failure too. Layer i takes over the masks
 * of from[i], if that is a layer (-1: none); NULL: parameters of the same name and shape do, and a
 * layer's bias that is new gets the mask of its batch norm. */
esp_status esp__run_replace_model(esp_run *r, esp_model *model, const int *from, esp_model **before,
                                  esp_error *err);

#endif
