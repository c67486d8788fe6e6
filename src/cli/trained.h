/* What can be said of a network that is trained already. */
#ifndef ESP_CLI_TRAINED_H
#define ESP_CLI_TRAINED_H

#include "cli/args.h"

/* Fails where one of the overrides, which have parsed, decides nothing: the network is that of the
 * file, and nothing is trained or pruned. Those of [data] and [run], and model.convolution, do. */
esp_status esp__overrides_matter(const esp__words *override, esp_error *err);

#endif
