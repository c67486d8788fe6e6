/* Going on with a run for longer than was asked for when it began. */
#ifndef ESP_CONFIG_LENGTHEN_H
#define ESP_CONFIG_LENGTHEN_H

#include <espalier/config.h>

#include <stdbool.h>

/* Whether `here` is `there` with more train.epochs, neutral keys apart, and the epochs so far are
 * the same in both. `why`: why not, where the number of epochs, rounds or retrain_epochs is all
 * that differs, else "". */
esp_status esp__config_lengthens(const esp_config *there, const esp_config *here, bool *lengthens,
                                 char why[256], esp_error *err);

#endif
