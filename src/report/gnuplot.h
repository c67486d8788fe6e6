#ifndef ESP_REPORT_GNUPLOT_H
#define ESP_REPORT_GNUPLOT_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* A gnuplot script that draws a chart of the report into <id>.svg from the CSV files of its tables,
 * all in the directory where gnuplot is started. Text from the runs stands in single quotes
 * only. */
void esp__gnuplot_script(const cJSON *report, const cJSON *chart, FILE *f);

/* A text of an object, "" where there is none. */
const char *esp__json_text(const cJSON *o, const char *name);

#endif
