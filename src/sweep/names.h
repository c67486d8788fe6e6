/* What the directories of a sweep are called. */
#ifndef ESP_SWEEP_NAMES_H
#define ESP_SWEEP_NAMES_H

#include <espalier/sweep.h>

enum { ESP_RUN_NAME_MAX = 100 }; /* what run.name takes */

/* "prune.sparsity=0.9,run.seed=2": key and value of each axis for which `named` (NULL = all) is
 * true, after `prefix`. Characters that do not suit a file name become '_', and a value or a name
 * that would lose something by that, or be too long, ends in '~' and a checksum of the whole, so
 * different values have different names. */
void esp__sweep_name(const char *prefix, const esp_axis *axis, int axes, const int *choice,
                     const bool *named, char name[ESP_RUN_NAME_MAX + 1]);

#endif
