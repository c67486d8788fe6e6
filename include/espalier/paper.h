/* The figures of a paper, and ours beside them.
 *
 * A paper is a CSV file. A column named as a key of the configuration ("model.arch") says which
 * runs a row is about: those whose key has that value; an empty cell stands for any. Further
 * columns:
 *
 *     sparsity        share of the weights that are gone; 0 = the dense network
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
  int sparsity, retrain_share, accuracy, sd, tolerance, source; /* columns, -1 = none */
} esp_paper;

/* `name` is a file, or that of one in configs/papers without its ending: below the current
 * directory or, if there is none, below the folder where configs/ was installed, which the
 * environment variable ESPALIER_DATA can replace. On failure *p needs no freeing. */
esp_status esp_paper_open(esp_paper *p, const char *name, esp_error *err);
void esp_paper_free(esp_paper *p);

/* What a row says. NAN = nothing. */
typedef struct esp_figure {
  double sparsity;     /* a share */
  double accuracy, sd; /* per cent, points */
  /* accuracy - that of the dense network, points; NAN for the dense network */
  double change, change_sd;
  double tolerance; /* points */
} esp_figure;
esp_figure esp_paper_figure(const esp_paper *p, int row);
/* Whether the row is about networks that such a run makes, at whatever sparsity. */
bool esp_paper_about(const esp_paper *p, int row, const esp_config *run);

/* A network of ours, over seeds. */
typedef struct esp_measured {
  const esp_config *config; /* of one of its runs */
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
} esp_comparison;

typedef struct esp_compare_options {
  double tolerance; /* points; NAN = as the paper says */
  bool absolute;    /* judge accuracies, not changes */
} esp_compare_options;

/* Compares each network with each row of the paper about it that has its sparsity; *c is newly
 * allocated, *n of them. */
esp_status esp_paper_compare(const esp_paper *p, const esp_measured *ours, int networks,
                             esp_compare_options o, esp_comparison **c, int *n, esp_error *err);
/* "inside", "OUTSIDE", or "-" where nothing was judged. */
const char *esp_paper_verdict(const esp_comparison *c);

ESP_END_DECLS

#endif
