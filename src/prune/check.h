/* Whether the choices of [prune] go together. */
#ifndef ESP_PRUNE_CHECK_H
#define ESP_PRUNE_CHECK_H

#include "prune/pruner.h"

/* Of a pruner whose entries and layers are known. */
esp_status esp__pruner_check(const esp_pruner *p, esp_error *err);

#endif
