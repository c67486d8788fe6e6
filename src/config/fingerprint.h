/* What of a configuration decides a result. */
#ifndef ESP_CONFIG_FINGERPRINT_H
#define ESP_CONFIG_FINGERPRINT_H

#include <espalier/config.h>

#include <stdbool.h>

/* SHA-256 of the keys that are not neutral: of all, or of those that decide the training before any pruning,
 * which are all but [prune]. That holds where esp_trains_plainly (stages.h); others have no dense stage, or
 * one of their own. */
typedef enum esp_recipe_part { ESP_RECIPE_ALL, ESP_RECIPE_DENSE } esp_recipe_part;
esp_status esp_recipe(const esp_config *c, esp_recipe_part part, char hex[65], esp_error *err);

/* data.path and model.weights say where something is, and are neutral since it may be moved; but another
 * place may hold something else. */
bool esp_key_is_source(const char *key);
bool esp_same_sources(const esp_config *a, const esp_config *b);

/* dense[i]: the run whose dense network run i is compared with. Itself where it has one, and else, as when it
 * pruned while it trained, the first of those that have one and trained plainly with the same sources, seed,
 * [data], [model] and [train]; -1 = there is none. */
esp_status esp_dense_runs(const esp_config *const *run, const bool *has_dense, int runs, int *dense,
                          esp_error *err);

#endif
