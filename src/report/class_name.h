/* What the classes of a run are called. */
#ifndef ESP_REPORT_CLASS_NAME_H
#define ESP_REPORT_CLASS_NAME_H

#include "report/run_record.h"

/* The name of class `c` in result.json, or its number. */
void esp__class_name(const esp__run_record *r, int c, char text[64]);

#endif
