/* From the JSON of a report to a page, and to files for papers and slides. */
#ifndef ESP_REPORT_PAGE_H
#define ESP_REPORT_PAGE_H

#include <espalier/status.h>

#include <cjson/cJSON.h>

esp_status esp__page_write(const cJSON *report, const char *path, esp_error *err);
/* <dir>/<id>.csv per table; <dir>/<id>.gp and .svg per chart; needs gnuplot. */
esp_status esp__figures_write(const cJSON *report, const char *dir, esp_error *err);
/* Whether there is a gnuplot, and the directory is one for figures. */
esp_status esp__figures_check(const char *dir, esp_error *err);

/* A file that is built in (src/embed). Text; empty where it was missing when Espalier was
 * built. */
typedef struct esp__asset {
  const char *name;
  const unsigned char *data;
  unsigned long bytes;
} esp__asset;
extern const esp__asset esp__assets[]; /* name NULL after the last */

#endif
