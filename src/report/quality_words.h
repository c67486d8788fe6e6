/* Texts of a report that name what its runs are judged by. In them stand
 *
 *     $name     accuracy               r2
 *     $title    accuracy               R^2        $Title where a sentence begins
 *     $axis     accuracy, top-1 (%)    R^2
 *     $unit      (%)                              behind a name
 *     $points    (% points)                       behind that of a difference
 *     $percent  _percent                          behind the name of a column */
#ifndef ESP_REPORT_QUALITY_WORDS_H
#define ESP_REPORT_QUALITY_WORDS_H

#include "report/report_data.h"

enum { ESP_WORDS_MAX = 256 };
const char *esp__quality_words(const esp_quality *q, const char *text, char to[ESP_WORDS_MAX]);

/* As esp__table_new and esp__chart_add of such texts; and a chart's axis of y over the quality,
 * which also has its "name" and "unit". */
cJSON *esp__quality_table(const esp_quality *q, const char *id, const esp__column *columns);
cJSON *esp__quality_chart(cJSON *report, const esp_quality *q, esp__chart c);
void esp__quality_axis(cJSON *chart, const esp_quality *q, const char *label);

#endif
