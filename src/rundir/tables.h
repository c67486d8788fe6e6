/* The files of a run directory, as functions of its position. */
#ifndef ESP_RUNDIR_TABLES_H
#define ESP_RUNDIR_TABLES_H

#include "rundir/position.h"

#include <espalier/config.h>

#include <stdio.h>

/* Rows for log.csv and layers.csv, appended to the position. */
typedef struct esp_log_row {
  double lr, sparsity;
  esp_metrics validation;
} esp_log_row;
esp_status esp_report_epoch(esp_position *p, const esp_tasks *tasks, const esp_log_row *row, esp_error *err);
esp_status esp_report_layers(esp_position *p, const esp_model *model, double requested, esp_error *err);
/* Rows for confusion.csv: test images of each label and answer, [classes * classes]. Only the newest result's
 * and the dense network's are kept, so that the text stays small with many rounds and classes. */
esp_status esp_report_confusion(esp_position *p, int round, const int64_t *confusion, int classes,
                                esp_error *err);

/* Fills the counts of *r: parameters, weights, MACs. */
void esp_result_count(esp_result *r, const esp_model *model, const esp_graph *graph,
                      const esp_pruner *pruner);

double esp_result_sparsity(const esp_result *r); /* of what the pruner covers */
double esp_result_rate(const esp_result *r);     /* images a second, in training */
/* A nonzero parameter is 4 bytes; which weights are there is a bit each, once any is pruned. */
int64_t esp_result_bytes(const esp_result *r);

/* Writes log.csv, rounds.csv, layers.csv, kernels.csv, confusion.csv and result.json into `dir`. */
typedef struct esp_report {
  const esp_config *config;
  const esp_position *position;
  const char *dir, *isa;
  int threads;
  bool has_dense;      /* result 0 is that of a dense network */
  const char *classes; /* names, a line each */
  const char *sha256;  /* of the weights; NULL while the run goes on */
  const esp_tasks *tasks;
} esp_report;
esp_status esp_report_write(const esp_report *r, esp_error *err);
/* Only result.json, to `path`. */
esp_status esp_report_json(const esp_report *r, const char *path, esp_error *err);
/* The loss of the dense network over that of this one. */
double esp_report_recovery(const esp_report *r, const esp_result *of);

/* The table that a run ends with. */
void esp_report_table(const esp_report *r, FILE *out);

#endif
