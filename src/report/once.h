/* One page. */
#ifndef ESP_REPORT_ONCE_H
#define ESP_REPORT_ONCE_H

#include "report/live.h"

#include <espalier/report.h>

/* What would make a report fail only after something is written. */
esp_status esp__report_check(const esp_report_request *request, esp_error *err);
/* Writes a page, without figures, that loads itself again after so many `seconds`; *activity: how
 * far the runs on it are. */
esp_status esp__report_once(const esp_report_request *request, double seconds,
                            esp__activity *activity, esp_error *err);

#endif
