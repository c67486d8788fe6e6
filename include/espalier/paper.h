/* The figures of a paper, and ours beside them.
 *
 * A paper is a CSV file. A column named as a key of the configuration ("model.arch") says which
 * runs a row is about: those whose key has that value; an empty cell stands for any. Further
 * columns:
 *
 *     sparsity        share of the weights that are gone; 0 = the dense network, trained without a
 *                     regulariser unless a column prune.regulariser says otherwise
 *     test_labels     which data: SHA-256 of the labels of the test images, or how it begins, as
 *                     result.json has it; empty = not said
 *     retrain_share   epochs of retraining in a round / epochs of the training; empty = any
 *     test_accuracy   per cent, top-1
 *     sd, trials      its standard deviation, points, and over how many runs; empty = not said
 *     tolerance       points that a reproduction may differ by; empty = as sd says
 *     source          where in the paper the figure stands */
#ifndef ESP_PAPER_H
#define ESP_PAPER_H

#include <espalier/csv.h>
#include <espalier/stats.h>

#include <espalier/config.h>
#include <espalier/linkage.h>

ESP_BEGIN_DECLS

typedef struct esp_paper {
  esp_csv table;
  /* [rows][columns]: what a key must be, as a configuration has it; NULL = anything */
  char **required;
  /* columns, -1 = none */
  int sparsity, retrain_share, test_labels, accuracy, sd, trials, tolerance, source;
} esp_paper;

/* `name` is a file, or that of one in configs/papers without its ending: below the current
 * directory or, if there is none, below the folder where configs/ was installed, which the
 * environment variable ESPALIER_DATA can replace. On failure *p needs no freeing. */
esp_status esp_paper_open(esp_paper *p, const char *name, esp_error *err);
void esp_paper_free(esp_paper *p);

/* What a row says of its networks. NAN = nothing. */
typedef struct esp_figure {
  double sparsity; /* a share */
  double accuracy; /* per cent */
  /* accuracy - that of the dense network, points, and its deviation; NAN for the dense network */
  double change, change_sd;
  double tolerance;              /* points */
  double sd, trials;             /* of the accuracy, points, over how many runs */
  double dense_sd, dense_trials; /* the same of the dense network; NAN for itself */
} esp_figure;
esp_figure esp_paper_figure(const esp_paper *p, int row);
/* Whether the row is about networks that such a run makes, at whatever sparsity. */
bool esp_paper_about(const esp_paper *p, int row, const esp_config *run);

/* A network of ours, over seeds. */
typedef struct esp_measured {
  const esp_config *config; /* of one of its runs */
  const char *test_labels;  /* as result.json has it; "" = not known */
  int training; /* equal where the dense network is the same one; -1 = it is no other's */
  int round;    /* 0 = the dense network */
  double sparsity;
  esp_stats_moments accuracy; /* shares */
  esp_stats_moments change;   /* accuracy - that of the dense network, run by run */
} esp_measured;

/* A figure of the paper and ours, in points of per cent; NAN where there is none. */
typedef struct esp_comparison {
  int ours, theirs;                        /* the network, the paper's row */
  double accuracy[2], change[2];           /* ours, theirs */
  double difference, difference_of_change; /* ours - theirs */
  double band; /* half its width, around the judged difference; NAN = not judged */
  bool inside;
  /* "": they compare. Else the key in which network or data differ, or test_labels: nothing is
   * judged. */
  char differs[64];
} esp_comparison;

typedef struct esp_compare_options {
  double tolerance; /* points; NAN = as the paper says */
  bool absolute;    /* judge accuracies, not changes */
} esp_compare_options;

/* Compares each network with each row of the paper about it that has its sparsity; where there is
 * none, with the first that differs in network or data alone. Of rounds of the same runs (`config`)
 * that have a row's sparsity the nearest counts, of equals the last. The band is the paper's
 * tolerance, or that of the 95 % interval of the difference (Welch 1947), from the deviations and
 * numbers of runs on both sides. *c is newly allocated, *n of them. */
esp_status esp_paper_compare(const esp_paper *p, const esp_measured *ours, int networks,
                             esp_compare_options o, esp_comparison **c, int *n, esp_error *err);
/* "inside", "OUTSIDE", "not comparable", or "-" where nothing was judged. */
const char *esp_paper_verdict(const esp_comparison *c);

/* Two methods at one sparsity that stand in the other order with us: which comparisons, the paper's
 * better one first. */
typedef struct esp_inversion {
  int better, worse;
  bool noise; /* the difference of theirs, or of ours, may be chance */
} esp_inversion;

/* In what order methods stand: pairs of pruned networks of one sparsity, network and data whose
 * accuracies differ in the paper. */
typedef struct esp_paper_order {
  int pairs, kept; /* kept: in the paper's order */
  esp_inversion *inversion;
  int inversions, beyond_noise;
  double tau; /* Kendall's, (kept - inversions) / pairs; NAN without pairs */
} esp_paper_order;
/* On failure *order needs no freeing. */
esp_status esp_paper_order_of(esp_paper_order *order, const esp_paper *p, const esp_measured *ours,
                              const esp_comparison *c, int n, esp_compare_options o,
                              esp_error *err);
void esp_paper_order_free(esp_paper_order *order);

ESP_END_DECLS

#endif
