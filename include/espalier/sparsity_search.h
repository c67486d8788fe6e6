/* The sparsest network whose validation accuracy, or what else it is judged by, is within
 * prune.tolerance of the dense one's, by bisection over the sparsity. Each trial is a run of its
 * own, retrained as the configuration says. */
#ifndef ESP_SPARSITY_SEARCH_H
#define ESP_SPARSITY_SEARCH_H

#include <espalier/linkage.h>
#include <espalier/run.h>
#include <espalier/sweep.h>

ESP_BEGIN_DECLS

/* path: a configuration, or the directory of a search that was begun, which goes on. dir: where it
 * goes; NULL: the configuration's output/name, or `path`. The directory gets search.ini, the dense
 * run "dense", a run "sparsity=S" for each trial, and search.csv, whole after each of them. What is
 * there is not done again, so a search that was killed goes on, and one with another tolerance or
 * least_step uses the trials of this one. The first trial is at prune.sparsity, the most that is
 * tried; then the interval between the sparsest good network and the one that was not good is
 * halved until it is no longer than prune.least_step. If accuracy falls with sparsity, what is
 * found is the sparsest to within that. Test images choose nothing. */
esp_status esp_sparsity_search_run(const char *path, const char *dir, int overrides,
                                   const char *const *override, esp_run_control control,
                                   esp_error *err);

/* The dense one, prune.sparsity, and 14 halvings down to the least least_step. */
enum { ESP_SEARCH_RUNS_MAX = 32 };

/* What came of a run. */
typedef struct esp_sparsity_search_outcome {
  double requested, sparsity; /* shares */
  double validation, test;    /* by what they are judged (quality.h) */
  double seconds;             /* of its own training, not of one taken over */
  bool good;
} esp_sparsity_search_outcome;

/* How far a search is. Run 0 is the dense one; behind the finished ones stands the next, unless it
 * is over. */
typedef struct esp_sparsity_search {
  esp_sweep runs;
  esp_sparsity_search_outcome outcome[ESP_SEARCH_RUNS_MAX];
  int done, best, most; /* finished runs; the sparsest good one; the most trials that are left */
  double tolerance;
} esp_sparsity_search;

/* Reads what a search has left in its directory; makes nothing. On failure *s needs no freeing. */
esp_status esp_sparsity_search_look(esp_sparsity_search *s, const char *dir, esp_error *err);
void esp_sparsity_search_free(esp_sparsity_search *s);

ESP_END_DECLS

#endif
