/* A run directory as a report sees it: read only, and whatever is missing or damaged is said and
 * left out. */
#ifndef ESP_REPORT_RUN_RECORD_H
#define ESP_REPORT_RUN_RECORD_H

#include <espalier/csv.h>

#include <espalier/config.h>

#include <cjson/cJSON.h>

typedef struct esp__run_record {
  char *dir;        /* as given, or found in what was given */
  const char *name; /* its last part */
  esp_config config;
  esp_csv log, layers, confusion;
  /* Those that not every run has; without rows where it has not. */
  esp_csv costs, sparsity, turned, sensitivity;
  cJSON *result; /* of result.json; NULL where there is none */
  char *missing; /* sentences on what could not be read, a line each; NULL = nothing */
} esp__run_record;

typedef struct esp__run_records {
  esp__run_record *item;
  int count;
} esp__run_records;

/* Adds the run in `dir`, or the runs in its direct subdirectories (in the order of their names)
 * where it is none itself. Fails when there is no run, and when a config.ini does not parse. */
esp_status esp__run_records_add(esp__run_records *r, const char *dir, esp_error *err);
void esp__run_records_free(esp__run_records *r);

/* A number of the object `of` in result.json (NULL = of result.json itself), NAN where there is
 * none; "quality" in its name is what the run is judged by. */
double esp__run_record_number(const esp__run_record *r, const char *of, const char *name);
/* The number that rows about the network after round `round` have in layers.csv and costs.csv: a
 * method that prunes in training has no dense network, and its one result has the number 0
 * there. */
int esp__run_record_round(const esp__run_record *r, int round);
/* "finished", "running" or "not begun". */
const char *esp__run_record_status(const esp__run_record *r);

#endif
