/* What of a configuration decides a result. */
#ifndef ESP_RECIPE_H
#define ESP_RECIPE_H

#include <espalier/config.h>

/* SHA-256 of the keys that are not neutral: of all, or of those that decide the training before any pruning,
 * which are all but [prune]. That holds where esp_trains_plainly (stages.h); others have no dense stage, or
 * one of their own. */
typedef enum esp_recipe_part { ESP_RECIPE_ALL, ESP_RECIPE_DENSE } esp_recipe_part;
esp_status esp_recipe(const esp_config *c, esp_recipe_part part, char hex[65], esp_error *err);

#endif
