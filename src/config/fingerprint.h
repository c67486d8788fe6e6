/* What of a configuration decides a result. */
#ifndef ESP_CONFIG_FINGERPRINT_H
#define ESP_CONFIG_FINGERPRINT_H

#include <espalier/config.h>

#include <stdbool.h>

/* SHA-256 of the keys that are not neutral: of all; of those that decide the network that is
 * compressed, which are all but [compress]; or of those that decide the training before any
 * pruning, which are all but [prune] and [compress]. The last holds where
 * esp__has_plain_dense_stage (stages.h); others have no dense stage, or one of their own. */
typedef enum esp__fingerprint_part {
  ESP_FINGERPRINT_ALL,
  ESP_FINGERPRINT_PRUNED,
  ESP_FINGERPRINT_DENSE
} esp__fingerprint_part;
esp_status esp__config_fingerprint(const esp_config *c, esp__fingerprint_part part, char hex[65],
                                   esp_error *err);

/* The keys of that part that differ in two configurations, with both values:
 * "[train] lr = 0.1, not 0.2; ..."; as many as there is room for. */
void esp__config_differences(const esp_config *there, const esp_config *here,
                             esp__fingerprint_part part, char text[512]);

/* data.path, model.weights and model.weight_names say where something is, and are neutral since it
 * may be moved; but another place may hold something else. */
bool esp__key_is_source(const char *key);
/* Whether both start from the same weights, under the same names. */
bool esp__same_weights(const esp_config *a, const esp_config *b);
bool esp__same_sources(const esp_config *a, const esp_config *b);

/* dense[i]: the run whose dense network run i is compared with. Itself where it has one, and else,
 * as when it pruned while it trained, the first of those that have one and trained plainly with the
 * same sources, seed, [data], [model] and [train]; -1 = there is none. */
esp_status esp__dense_runs(const esp_config *const *run, const bool *has_dense, int runs,
                           int *dense, esp_error *err);

#endif
