/* Predicting what the loss of a channel costs. Internal to src/prune. */
#ifndef ESP_PRUNE_MEASURE_PREDICTOR_H
#define ESP_PRUNE_MEASURE_PREDICTOR_H

#include "prune/pruner.h"

/* Removes `trials` random channels of the pruner's layers on trial, one at a time, with their
 * bias and batch norm; fits a ridge regression from what is known of a channel to how much the loss
 * over the probe's batches rose; and leaves in the grad of each weight what it predicts for the
 * weight's channel. All else is as it was. */
esp_status esp__predict(esp_pruner *p, const esp_probe *probe, size_t trials, esp_error *err);

#endif
