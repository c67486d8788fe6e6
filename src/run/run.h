/* What beginning a run and going on with one share. */
#ifndef ESP_RUN_RUN_H
#define ESP_RUN_RUN_H

#include "run/run_state.h"

/* Sets r->dir; fails where the path is too long for names behind it. */
esp_status esp__run_set_directory(esp_run *r, const char *dir, esp_error *err);
/* Writes config.ini of the run's directory, every default written out. */
esp_status esp__run_write_config(const esp_run *r, esp_error *err);
/* What another run has done already, where the configuration names one: all up to its last round,
 * or the training. */
esp_status esp__run_take_over(esp_run *r, esp_error *err);
/* From where the position says to the end and its result. */
esp_status esp__run_go_on(esp_run *r, esp_error *err);

#endif
