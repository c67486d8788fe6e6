/* The key structures: which layers have which structure. */
#ifndef ESP_PRUNE_HYBRID_H
#define ESP_PRUNE_HYBRID_H

#include "prune/pruner.h"

typedef struct esp__hybrid_options {
  char *structures; /* lines of "pattern structure" */
} esp__hybrid_options;
extern const esp_method_keys esp__hybrid_keys;

/* Lets each structure cover the layers that the key structures gives it. Fails when there are no
 * lines, and where one matches nothing or names no structure but hybrid; messages begin with
 * "[prune] structures:LINE: ". */
esp_status esp__hybrid_cover(esp_pruner *p, const bool *layers, esp_error *err);

#endif
