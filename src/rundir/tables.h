/* The files of a run directory, as functions of its position. */
#ifndef ESP_RUNDIR_TABLES_H
#define ESP_RUNDIR_TABLES_H

#include "rundir/position.h"

#include <espalier/config.h>

#include <stdio.h>

/* Rows for log.csv and layers.csv, appended to the position. */
typedef struct esp__log_row {
  double lr, sparsity;
  esp_metrics validation;
} esp__log_row;
esp_status esp__report_epoch(esp__position *p, const esp_tasks *tasks, const esp__log_row *row,
                             esp_error *err);
esp_status esp__report_layers(esp__position *p, const esp_model *model, double requested,
                              esp_error *err);
/* Rows for confusion.csv: test images of each label and answer, [classes * classes]. Only the
 * newest result's and the dense network's are kept, so that the text stays small with many rounds
 * and classes. */
esp_status esp__report_confusion(esp__position *p, int round, const int64_t *confusion, int classes,
                                 esp_error *err);

/* Fills the counts of *r: parameters, weights, MACs. */
void esp__result_count(esp__result *r, const esp_model *model, const esp_graph *graph,
                       const esp_pruner *pruner);

double esp__result_sparsity(const esp__result *r); /* of what the pruner covers */
double esp__result_rate(const esp__result *r);     /* images a second, in training */
/* A nonzero parameter is 4 bytes; which weights are there is a bit each, once any is pruned. */
int64_t esp__result_bytes(const esp__result *r);

/* Writes log.csv, rounds.csv, layers.csv, kernels.csv, confusion.csv and result.json into `dir`. */
typedef struct esp__report {
  const esp_config *config;
  const esp__position *position;
  const char *dir, *isa;
  int threads;
  bool has_dense;      /* result 0 is that of a dense network */
  const char *classes; /* names, a line each */
  const char *sha256;  /* of the weights; NULL while the run goes on */
  const esp_tasks *tasks;
} esp__report;
esp_status esp__report_write(const esp__report *r, esp_error *err);
/* Only result.json, to `path`. */
esp_status esp__report_json(const esp__report *r, const char *path, esp_error *err);
/* The loss of the dense network over that of this one. */
double esp__report_recovery(const esp__report *r, const esp__result *of);

/* The table that a run ends with. */
void esp__report_table(const esp__report *r, FILE *out);

#endif
