/* Keys that do not go together. */
#ifndef ESP_CONFIG_CHECK_H
#define ESP_CONFIG_CHECK_H

#include <espalier/config.h>

/* Says in one sentence which keys do not go together, and what was expected. */
esp_status esp__config_check(const esp_config *c, esp_error *err);
/* The same of keys that have no meaning with real-valued targets. */
esp_status esp__config_check_targets(const esp_config *c, esp_error *err);

#endif
