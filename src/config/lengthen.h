/* Going on with a run for longer than was asked for when it began. */
#ifndef ESP_CONFIG_LENGTHEN_H
#define ESP_CONFIG_LENGTHEN_H

#include <espalier/config.h>

#include <stdbool.h>

/* What is all that differs in two configurations, neutral keys apart: train.epochs;
 * prune.retrain_epochs; prune.rounds, or the list of the rounds' sparsities; or something else. */
typedef enum esp__longer {
  ESP_LONGER_NOTHING,
  ESP_LONGER_TRAINING,
  ESP_LONGER_RETRAINING,
  ESP_LONGER_ROUNDS
} esp__longer;

/* *longer: what goes on for longer in `here` than in `there`, if what was done before is the same
 * in both; else ESP_LONGER_NOTHING. `why`: why not, where only such keys differ, else "". */
esp_status esp__config_lengthens(const esp_config *there, const esp_config *here,
                                 esp__longer *longer, char why[256], esp_error *err);

#endif
