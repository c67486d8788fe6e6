/* What the configurations of several runs say, key by key, and which runs belong together. */
#ifndef ESP_REPORT_CONFIG_DIFF_H
#define ESP_REPORT_CONFIG_DIFF_H

#include "report/run_record.h"

/* A key of the configuration. */
typedef struct esp__config_diff_key {
  char name[64];          /* "prune.method" */
  const char *short_name; /* "method" */
  bool names_itself;      /* its values say what they are: "magnitude", "one-shot" */
  bool decides;           /* the result depends on it; the seed is not counted */
  const char *prunes;     /* the default of a key that says how to prune; NULL: another key */
} esp__config_diff_key;

typedef struct esp__config_diff {
  esp__config_diff_key *key;
  int keys, runs, series;
  char **value;       /* [runs][keys], as one writes them in the INI */
  int *series_of;     /* [runs] */
  char **series_name; /* [series]: what sets it apart from the others */
} esp__config_diff;

/* A series is the runs whose configurations decide the same, but for the seed; and but for the
 * sparsity where a run has one round of pruning, so that runs at several sparsities make one
 * line. */
esp_status esp__config_diff_gather(esp__config_diff *d, const esp__run_records *runs,
                                   esp_error *err);
void esp__config_diff_free(esp__config_diff *d);

const char *esp__config_diff_value(const esp__config_diff *d, int run, int key);
/* Whether any two runs differ in the key. */
bool esp__config_diff_differs(const esp__config_diff *d, int key);

#endif
