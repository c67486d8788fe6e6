/* Runs whose training before any pruning is the same. */
#ifndef ESP_SWEEP_REUSE_DENSE_H
#define ESP_SWEEP_REUSE_DENSE_H

#include <espalier/sweep.h>

/* Puts in front of the runs those that only train, one for each training that two or more share,
 * and lets these take it over. Runs share a training when all keys of [data], [model], [train] and
 * run.seed are equal, but for the neutral ones that say nothing of where data and weights come
 * from, and they prune between rounds. */
esp_status esp__sweep_share(esp_sweep *s, esp_error *err);
/* Whether the training keeps the weights that the run rewinds to, if it rewinds to any. */
bool esp__keeps_moment(const esp_config *dense, const esp_config *run);
/* Lets run i train for itself. */
esp_status esp__sweep_part(esp_sweep *s, int i, esp_error *err);

#endif
