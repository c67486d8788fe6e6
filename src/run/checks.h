/* Whether keys, steps, batches, images and network, each sound by itself, are together what they
 * say. */
#ifndef ESP_RUN_CHECKS_H
#define ESP_RUN_CHECKS_H

#include "run/run_state.h"

/* Goes through the checks once, when all of the run is open and nothing is trained: fails where
 * nothing sensible remains, and adds a row to r->at.warnings for what is odd. Messages begin with
 * the key that is to blame, "[section] key = value: ". */
esp_status esp__run_check(esp_run *r, esp_error *err);

typedef esp_status esp__run_check_function(esp_run *r, esp_error *err);
/* What they find stands beside each of them; NULL after the last. */
extern esp__run_check_function *const esp__run_data_checks[], *const esp__run_training_checks[],
                                                                  *const esp__run_pruning_checks[];

/* After the weights of model.weights were loaded, and before they are trained: warns of zeros that
 * nothing keeps. `path`: the file. */
esp_status esp__run_check_zeros(esp_run *r, const char *path, esp_error *err);

#endif
