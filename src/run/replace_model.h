/* Another network takes the place of a run's. */
#ifndef ESP_RUN_REPLACE_MODEL_H
#define ESP_RUN_REPLACE_MODEL_H

#include "run/run_state.h"

/* The network of that text becomes r->model, with graphs and pruner of its own; *before is the one
 * that it replaces, which the caller frees. Parameters of the same name and shape keep their
 * values, and the masks that they have; a layer's bias that is new gets the mask of its batch
 * norm. */
esp_status esp__run_replace_model(esp_run *r, const char *text, esp_model **before, esp_error *err);

#endif
