/* The tables of a chart of kind "band": means of levels, and every point. */
#ifndef ESP_REPORT_BAND_H
#define ESP_REPORT_BAND_H

#include "report/report_data.h"

#include <stddef.h>

/* What is drawn over what: members of points, each times its unit, and the columns that they get
 * (quality_words.h). */
typedef struct esp__band {
  const char *id; /* of the chart */
  esp__column x, mean, sd, y;
  size_t x_offset, y_offset;
  double x_unit, y_unit;
} esp__band;

/* Gives the chart both tables, "ID-means" and "ID-points". */
void esp__band_tables(cJSON *report, cJSON *chart, const esp__report_data *data, esp__band b);

#endif
