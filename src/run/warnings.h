/* What is odd about a run as a whole: rows of its position, so that a resumed run has them too. */
#ifndef ESP_RUN_WARNINGS_H
#define ESP_RUN_WARNINGS_H

#include "run/run_state.h"

/* Adds a row to r->at.warnings. */
esp_status esp__run_warn(esp_run *r, esp_error *err, const char *format, ...) ESP_PRINTF(3, 4);
/* Shows all of them. */
void esp__run_say_warnings(esp_run *r);

#endif
