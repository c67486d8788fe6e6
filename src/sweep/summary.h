/* Means and standard deviations over the runs of a sweep that differ in their seed only. */
#ifndef ESP_SWEEP_SUMMARY_H
#define ESP_SWEEP_SUMMARY_H

#include <espalier/results.h>
#include <espalier/stats.h>

#include <espalier/sweep.h>

typedef struct esp__summary_row {
  int run; /* the first of the runs */
  int round;
  double sparsity;           /* the mean: by threshold each seed has its own */
  esp_stats_moments quality; /* on the test images */
  esp_stats_moments dense;   /* that of the dense networks */
  esp_stats_moments change;  /* quality - dense, run by run */
  esp_stats_moments bytes;   /* of the packed networks */
} esp__summary_row;

typedef struct esp__summary {
  esp_results *result; /* of each run of the sweep; no rounds where it is not finished */
  int *dense;          /* of each run: the run whose round 0 is its dense network, -1 = none */
  esp__summary_row *row;
  int runs, rows, seeds;      /* seeds: the fewest runs behind a row */
  const esp_quality *quality; /* by which all are judged */
} esp__summary;

/* A run that was never dense, having been pruned in training, is compared with the dense network of
 * a run in the sweep that has the same seed, [data], [model] and [train]. On failure *m needs no
 * freeing. */
esp_status esp__summary_make(esp__summary *m, const esp_sweep *s, esp_error *err);
void esp__summary_free(esp__summary *m);
/* The dense quality that run i is compared with; NAN when there is none. */
double esp__summary_dense(const esp__summary *m, int i);

#endif
