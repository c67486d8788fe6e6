/* Drop and regrow, layer by layer: what SET, RigL and their like share. */
#ifndef ESP_REGROW_H
#define ESP_REGROW_H

#include "prune/pruner.h"

/* At the first change chooses a random mask at the final sparsity. Later drops `fraction` of every
 * layer's weights, those of smallest magnitude, and grows as many among the absent ones, those that `grow`
 * scores highest. They start from 0. */
esp_status esp_regrow(esp_pruner *p, double fraction, const esp_criterion *grow, esp_error *err);

#endif
