/* The results of runs: a point per network that was evaluated, sorted so that the seeds of one
 * level stand together. */
#ifndef ESP_REPORT_POINTS_H
#define ESP_REPORT_POINTS_H

#include "report/config_diff.h"
#include <espalier/stats.h>

typedef struct esp__point {
  int series, run;
  int round; /* 0 = the dense network */
  /* The run whose dense network this one is compared with (esp__dense_runs); -1 = none. */
  int dense;
  double target; /* the run's prune.sparsity, or its threshold; 0 for the dense network */
  /* What result.json says, NAN where it says nothing. */
  double sparsity, quality; /* a share in [0, 1]; by what it is judged */
  double before;            /* the quality after pruning, before retraining */
  double change;            /* quality - that of the dense network */
  double compression;       /* weights / nonzero weights */
  double params;            /* that are not zero */
  double bytes;             /* of the packed file */
  double macs;              /* multiply-adds of one image with the weights that are left */
  double milliseconds;      /* of inference, an image */
  double traffic;           /* bytes of weights, inputs and outputs of layers, an image */
  bool integers;            /* it computes with integers of 8 bits, no floats */
  const char *step;         /* of [compress], which made it; borrowed; NULL: none */
  double seconds;           /* of training, up to here */
  double best_epoch; /* of those that made it, from 1: the one of the least validation loss */
} esp__point;

/* In the order of series, dense network first, target, round, seed. */
typedef struct esp__points {
  esp__point *item;
  int count;
} esp__points;

/* A seed that occurs twice at a level with the same quality is there once: it is the same network,
 * as when runs share their dense training. */
esp_status esp__points_gather(esp__points *p, const esp__run_records *runs,
                              const esp__config_diff *diff, esp_error *err);
void esp__points_free(esp__points *p);

/* Points [first, end) are one level: one series, target and round, several seeds. */
int esp__level_end(const esp__points *p, int first);
/* The level of the dense networks of the level that begins at `first`, which may be of another
 * series; -1 = none. */
int esp__dense_level(const esp__points *p, const esp__config_diff *diff, int first);
/* Whether points a and b belong to one series. */
bool esp__same_series(const esp__points *p, int a, int b);

/* A member of a point by its offset, and its mean and spread over points [first, end) that have
 * it. */
double esp__point_value(const esp__point *p, size_t offset);
esp_stats_moments esp__level_moments(const esp__points *p, int first, int end, size_t offset);

#endif
