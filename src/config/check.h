/* Keys that do not go together. */
#ifndef ESP_CONFIG_CHECK_H
#define ESP_CONFIG_CHECK_H

#include <espalier/config.h>

/* Says in one sentence which keys do not go together, and what was expected. */
esp_status esp__config_check(const esp_config *c, esp_error *err);
/* Finds steps beyond the end of a training whose epochs have `batches` batches. */
esp_status esp__config_check_steps(const esp_config *c, int64_t batches, esp_error *err);

#endif
