/* The weights of a point. */
#ifndef ESP_REPORT_NETWORK_FILE_H
#define ESP_REPORT_NETWORK_FILE_H

#include "report/points.h"

#include <espalier/file.h>

/* Loads the weights file of a point's network. False where it is not there or damaged: then `why`
 * says so, and *b needs no freeing. */
bool esp__network_load(esp_bundle *b, const esp__run_records *runs, const esp__point *p,
                       esp_error *why);
/* The weight of a layer in it, of two dimensions or more; NULL where there is none. */
const esp_blob *esp__network_weight(const esp_bundle *b, const char *layer);

#endif
