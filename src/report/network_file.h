/* The weights of a point. */
#ifndef ESP_REPORT_NETWORK_FILE_H
#define ESP_REPORT_NETWORK_FILE_H

#include "report/points.h"

#include <espalier/file.h>

/* Loads the weights file of a point's network. ESP_ERR_MEMORY: memory is out; other errors: the
 * file is not there or damaged, as `why` says. On failure *b needs no freeing. */
esp_status esp__network_load(esp_bundle *b, const esp__run_records *runs, const esp__point *p,
                             esp_error *why);
/* The weight of a layer in it, of two dimensions or more; NULL where there is none. */
const esp_blob *esp__network_weight(const esp_bundle *b, const char *layer);

#endif
