/* Networks of the predictor whose layers run as a test wants, not as a stopwatch chooses. */
#ifndef ESP_TESTS_PREDICT_FORCED_H
#define ESP_TESTS_PREDICT_FORCED_H

#include "predict/network.h"

/* Each unit runs in the first of the ways, which end with ESP_UNLISTED, that it may. The
 * normalisation is none. */
esp_network *network_forced(esp_model *model, const esp__listing *ways);

/* Lists over planes; over fields where those fit; fields without lists. */
enum { FORCED_WAYS = 3 };
extern const esp__listing forced_ways[FORCED_WAYS][4];

#endif
