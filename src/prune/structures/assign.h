/* The key structures: which layers have which structure. */
#ifndef ESP_PRUNE_STRUCTURES_ASSIGN_H
#define ESP_PRUNE_STRUCTURES_ASSIGN_H

#include "prune/pruner.h"

typedef struct esp__hybrid_options {
  char *structures; /* lines of "pattern structure" */
} esp__hybrid_options;
extern const esp_method_keys esp__hybrid_keys;

/* of[i] = the structure of layer i: that of the last line "pattern structure" that matches it;
 * stays as it is if none does. Fails when there are no lines, and where one matches nothing or
 * names no structure but hybrid; messages begin with "[prune] structures:LINE: ". */
esp_status esp__structures_assign(const esp_pruner *p, const esp_structure **of, esp_error *err);

#endif
