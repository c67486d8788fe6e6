/* Runs that go on while a page shows them. */
#ifndef ESP_REPORT_LIVE_H
#define ESP_REPORT_LIVE_H

#include "report/report_data.h"

/* How far the runs of a report are. */
typedef struct esp__activity {
  int at_work;    /* runs that a process works on */
  int unfinished; /* those, and runs that were stopped, failed or have not begun */
} esp__activity;

/* Without those that a sweep has not begun. */
esp__activity esp__activity_of(const esp__run_records *runs);

/* report.live = {"seconds"}: after how long the page loads itself again. Also the table "live", a
 * row for each run at work. */
void esp__add_live(cJSON *report, const esp__report_data *data, double seconds);

#endif
