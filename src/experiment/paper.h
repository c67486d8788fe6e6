/* The figures of a paper, beside those of a sweep.
 *
 * A paper is a CSV file. A column named as a key of the configuration ("model.arch") says which runs a row is
 * about: those whose key has that value; an empty cell stands for any. Further columns:
 *
 *     sparsity        share of the weights that are gone; 0 = the dense network
 *     retrain_share   epochs of retraining in a round, as a share of those of the training; empty = any
 *     test_accuracy   per cent, top-1
 *     sd, trials      its standard deviation, points, and over how many runs; empty = not said
 *     tolerance       points that a reproduction may differ by; empty = as sd says
 *     source          where in the paper the figure stands */
#ifndef ESP_PAPER_H
#define ESP_PAPER_H

#include "experiment/csv.h"
#include "experiment/summary.h"

typedef struct esp_paper {
  esp_csv table;
  int sparsity, retrain_share, accuracy, sd, tolerance, source; /* columns, -1 = none */
} esp_paper;

/* On failure *p needs no freeing. */
esp_status esp_paper_read(esp_paper *p, const char *path, esp_error *err);
void esp_paper_free(esp_paper *p);

/* A figure of the paper and ours, in points of per cent; NAN where there is none. */
typedef struct esp_comparison {
  const esp_summary_row *ours;
  int theirs;                              /* the paper's row */
  double accuracy[2], change[2];           /* ours, theirs; change: to the dense network */
  double difference, difference_of_change; /* ours - theirs */
  double band;    /* half its width, around the judged difference; NAN = not judged */
  bool on_change; /* which difference is judged */
  bool inside;
} esp_comparison;

typedef struct esp_compare_options {
  double tolerance; /* points; NAN = as the paper says */
  bool absolute;    /* judge accuracies, not changes */
} esp_compare_options;

/* Compares each row of the summary with each row of the paper about it; *c is newly allocated, *n of them. */
esp_status esp_paper_compare(const esp_paper *p, const esp_sweep *s, const esp_summary *m,
                             esp_compare_options o, esp_comparison **c, int *n, esp_error *err);

#endif
