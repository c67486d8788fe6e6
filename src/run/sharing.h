/* A run that several processes share (espalier/ranks.h). Each has all of it, but for the images;
 * rank 0 alone writes the run's directory, which all can read. */
#ifndef ESP_RUN_SHARING_H
#define ESP_RUN_SHARING_H

#include "ranks/split.h"
#include "run/run_state.h"

/* Whether this process writes files. */
bool esp__run_writes(const esp_run *r);
/* The share of this process in batches of so many images; all, where they have fewer blocks than
 * there are processes. */
esp__split esp__run_split_of(const esp_run *r, int batch);
/* That in the batches of the training and of evaluations. */
esp__split esp__run_split(const esp_run *r);
/* The options of a loader that makes this process's images only. */
esp_loader_options esp__run_share_of(const esp_run *r, esp_loader_options whole);
/* Fails where there are more processes than parts. */
esp_status esp__run_check_ranks(const esp_run *r, esp_error *err);

/* Together: whether all are well so far. Where some are not, all fail as the first of those does,
 * whose rank the message names. `status` and *err are this process's. */
esp_status esp__run_agree(const esp_run *r, esp_status status, esp_error *err);
/* Together: fails unless all have opened the same. */
esp_status esp__run_check_same(const esp_run *r, esp_error *err);
/* Together: what rank 0 says. */
bool esp__run_first_says(const esp_run *r, bool yes);
/* Together: whether any says so. */
bool esp__run_any_says(const esp_run *r, bool yes);
/* Together: before a file is read that rank 0 may just have written. */
void esp__run_meet(const esp_run *r);
/* What a stage fails with that no other process sees ends all of them. */
esp_status esp__run_end_alone(const esp_run *r, esp_status status, esp_error *err);

#endif
