/* Weights that a run starts from: model.weights. */
#ifndef ESP_RUN_START_H
#define ESP_RUN_START_H

#include "run/run_state.h"

/* Loads all layers from the file but those of model.weights_skip. */
esp_status esp__run_load_weights(esp_run *r, const char *path, esp_error *err);
/* Fails when the file's classes, where it names them, are not those of the data in their order, and
 * the last layer, whose outputs they are, is taken over. */
esp_status esp__run_check_classes(const esp_run *r, const char *path, esp_error *err);

#endif
