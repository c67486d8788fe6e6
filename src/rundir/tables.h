/* The report files of a run directory, as functions of its position. */
#ifndef ESP_RUNDIR_TABLES_H
#define ESP_RUNDIR_TABLES_H

#include "rundir/result_write.h"

/* Appends the epoch that has just ended, the newest of the position, to the rows of log.csv. */
typedef struct esp__log_row {
  double lr, sparsity;
  esp_metrics validation;
} esp__log_row;
esp_status esp__tables_add_epoch(esp__position *p, const esp__parts *parts, const esp__log_row *row,
                                 esp_error *err);
/* Appends the layers as they are to the rows of layers.csv. */
esp_status esp__tables_add_layers(esp__position *p, const esp_model *model, double requested,
                                  esp_error *err);
/* Appends to the rows of sparsity.csv what a mask change has left, unless the newest row of the
 * stage is less than a thousandth of its steps old: so there are a thousand of them at most. */
typedef struct esp__sparsity_row {
  int64_t step, steps; /* of the stage: those that are done, all */
  int64_t batches;     /* steps of an epoch */
  double sparsity;
} esp__sparsity_row;
esp_status esp__tables_add_sparsity(esp__position *p, const esp__sparsity_row *row, esp_error *err);
/* Appends to the rows of confusion.csv: test images of each label and answer, [classes * classes].
 * Only the newest result's and the dense network's are kept, so that the text stays small with many
 * rounds and classes. */
esp_status esp__tables_add_confusion(esp__position *p, int round, const int64_t *confusion,
                                     int classes, esp_error *err);
/* Appends to the rows of trials.csv: a network that the stage tried out. */
esp_status esp__tables_add_trial(esp__position *p, int trial, double quality, double loss,
                                 esp_error *err);
/* Looks a trial of the stage up among those rows. */
bool esp__tables_find_trial(const esp__position *p, int trial, double *quality, double *loss);

/* Writes log.csv, rounds.csv, layers.csv, kernels.csv, confusion.csv, result.json, and costs.csv,
 * sparsity.csv, trials.csv where there are rows for them. */
esp_status esp__tables_write(const esp__report *r, esp_error *err);

#endif
