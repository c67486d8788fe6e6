/* Layers that are left out when weights are loaded. */
#ifndef ESP_TRAIN_SKIP_H
#define ESP_TRAIN_SKIP_H

#include <espalier/model.h>

#include <stdbool.h>

/* Whether one of the words matches the parameter's layer, "conv1" of "conv1.weight", or stands for
 * it: first, last. */
bool esp__is_skipped(const esp_model *m, const char *skip, const esp_param *p);
/* Fails when a word matches no layer. */
esp_status esp__skip_check(const esp_model *m, const char *skip, esp_error *err);

#endif
