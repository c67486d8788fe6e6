/* The rows of layers.csv that are of one round. */
#ifndef ESP_REPORT_LAYER_ROWS_H
#define ESP_REPORT_LAYER_ROWS_H

#include "report/points.h"
#include "report/run_record.h"

/* From `first` of the run's table, `count` of them, a layer each. */
typedef struct esp__layer_rows {
  int first, count;
} esp__layer_rows;
esp__layer_rows esp__layer_rows_of(const esp__run_record *r, int round);

/* Whether the networks of two points have the same layers, by name and number of weights: not where
 * factors took their place. */
bool esp__same_layers(const esp__run_records *runs, const esp__point *a, const esp__point *b);

#endif
