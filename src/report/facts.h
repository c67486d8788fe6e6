/* What the configurations of several runs say, key by key, and which runs belong together. */
#ifndef ESP_REPORT_FACTS_H
#define ESP_REPORT_FACTS_H

#include "report/record.h"

/* A key of the configuration. */
typedef struct esp_fact {
  char name[64];          /* "prune.method" */
  const char *short_name; /* "method" */
  bool names_itself;      /* its values say what they are: "magnitude", "one-shot" */
  bool decides;           /* the result depends on it; the seed is not counted */
  const char *prunes;     /* the default of a key that says how to prune; NULL: another key */
} esp_fact;

typedef struct esp_facts {
  esp_fact *key;
  int keys, runs, series;
  char **value;       /* [runs][keys], as one writes them in the INI */
  int *series_of;     /* [runs] */
  char **series_name; /* [series]: what sets it apart from the others */
} esp_facts;

/* A series is the runs whose configurations decide the same, but for the seed; and but for the sparsity where
 * a run has one round of pruning, so that runs at several sparsities make one line. */
esp_status esp_facts_gather(esp_facts *f, const esp_records *runs, esp_error *err);
void esp_facts_free(esp_facts *f);

const char *esp_fact_value(const esp_facts *f, int run, int key);
/* Whether any two runs differ in the key. */
bool esp_fact_differs(const esp_facts *f, int key);

#endif
