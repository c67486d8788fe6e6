/* What each layer costs an image: rows of costs.csv. */
#ifndef ESP_RUNDIR_COSTS_CSV_H
#define ESP_RUNDIR_COSTS_CSV_H

#include "rundir/position.h"

extern const char *const esp__costs_columns[]; /* of costs.csv; NULL after the last */

/* Appends a row for each layer of `model` to the position, and one, "other", for all operations
 * without weights: the time an image took in `graph`, which was profiled over so many forward
 * passes' `images` (> 0), and the values that the layer reads and writes, of channels in which a
 * weight is left. */
esp_status esp__costs_csv_record(esp__position *p, const esp_model *model, const esp_graph *graph,
                                 int64_t images, esp_error *err);

#endif
