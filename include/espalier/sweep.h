/* A sweep: many runs from one file, in a directory of their own.
 *
 * The file is a configuration with one section more, [sweep], in which a key "section.key" has a
 * list of values:
 *
 *     [sweep]
 *     prune.sparsity = 0.5 0.8 0.9 0.95
 *     data.augment = "crop flip" ""
 *     run.seed = 1 2 3
 *
 * Values are separated by white space; one that contains white space, or is empty, stands in double
 * quotes, in which a double quote is written twice. A list may go on in indented lines. mode = grid
 * (every combination; the default), zip (the first values of all lists, then the second ones; a
 * list of one value serves all; each with every value of the lists that `cross` names), random
 * (`count` different combinations of the grid, drawn with `seed`).
 *
 * Each run has a directory, named by its values of the swept keys: "prune.sparsity=0.9,run.seed=2".
 * Runs whose training before any pruning is the same share one run that only trains,
 * "dense,run.seed=2"; their weights have the bits that they would have alone (key run.dense). A
 * sweep that was stopped goes on when it is asked for again: what is finished stays, what was begun
 * is resumed. */
#ifndef ESP_SWEEP_H
#define ESP_SWEEP_H

#include <espalier/config.h>
#include <espalier/linkage.h>

#include <stdbool.h>
#include <stdio.h>

ESP_BEGIN_DECLS

enum { ESP_SWEEP_RUNS_MAX = 4096, ESP_SWEEP_AXES_MAX = 32 };

/* A swept key and its values. */
typedef struct esp_axis {
  char *key, *where; /* "prune.sparsity"; "file:line" */
  char **value;
  int values;
} esp_axis;

typedef enum esp_sweep_state {
  ESP_SWEEP_WAITING, /* not begun */
  ESP_SWEEP_BEGUN,
  ESP_SWEEP_FINISHED
} esp_sweep_state;

typedef struct esp_sweep_run {
  char *name; /* of its directory within the sweep's */
  esp_config config;
  int *choice; /* the index of its value, an axis each; NULL for a shared training */
  int dense;   /* index of the run whose training it takes over, -1 = none */
  esp_sweep_state state;
} esp_sweep_run;

typedef struct esp_sweep {
  char *dir, *text; /* the directory; what its sweep.ini says */
  esp_axis *axis;
  int axes;
  /* The shared trainings, then the runs that were asked for, in the order of the lists. */
  esp_sweep_run *run;
  int denses, runs; /* of the former; of both */
  int64_t threads;  /* for all runs at a time together; 0 = one per core */
} esp_sweep;

/* Reads the file, or the sweep.ini of a sweep's directory, and plans the runs; makes nothing. dir:
 * NULL = the configuration's output/name. An override of a swept key takes the place of its list.
 * Errors, in one line each: those of a configuration; a list that is empty or has a value that its
 * key does not take; a key that cannot be swept; the same run twice; runs that are judged by
 * different things; more than ESP_SWEEP_RUNS_MAX
 * runs; keys that do not go together. On failure *s needs no freeing. */
esp_status esp_sweep_load(esp_sweep *s, const char *path, const char *dir, int overrides,
                          const char *const *override, esp_error *err);
void esp_sweep_free(esp_sweep *s);
/* The sweep in the directory `dir`, or the run in it as a sweep of one. */
esp_status esp_sweep_open(esp_sweep *s, const char *dir, esp_error *err);

/* "<dir>/<name of run i>" in `path`. */
const char *esp_sweep_path(const esp_sweep *s, int i, char path[4096]);

/* Finds out how far each run is. A run whose shared training was made without keeping the weights
 * that it rewinds to is left to train for itself. Errors: a directory that is not the sweep's, or
 * that of a sweep with runs that this one has not; one of a run that is none, or that was made by
 * another configuration. */
esp_status esp_sweep_survey(esp_sweep *s, esp_error *err);
esp_status esp_sweep_survey_run(esp_sweep *s, int i, esp_error *err); /* run i alone */
/* Whether the runs that are not finished can begin: the data are there, the network can be built,
 * the pruner can do what is asked. */
esp_status esp_sweep_check(const esp_sweep *s, esp_error *err);
/* Makes the sweep's directory; the directory of run i, ready to be resumed. */
esp_status esp_sweep_make(const esp_sweep *s, esp_error *err);
esp_status esp_sweep_make_run(const esp_sweep *s, int i, esp_error *err);

/* What all its runs are judged by. */
const esp_quality *esp_sweep_quality(const esp_sweep *s);

/* Epochs of training of run i, from its beginning to its end. */
int64_t esp_sweep_epochs(const esp_sweep *s, int i);

/* Threads of each of so many runs at a time: its share of `run.threads`, or of all. */
int esp_sweep_threads(const esp_sweep *s, int jobs);

/* How long each run will take where `jobs` are at work at a time, in seconds; finished ones 0, and
 * all where an epoch has too few steps to measure. The images a second are those of the finished
 * runs of the same network (multiply-adds, batch, optimiser and regulariser), or of a few steps of
 * it; behind a dozen networks the rest follow by their multiply-adds. Pruned rounds are then taken
 * to be as slow as dense ones. `how` says in a line what it was taken from. */
esp_status esp_sweep_estimate(const esp_sweep *s, int jobs, double *seconds, char how[256],
                              esp_error *err);

/* Writes sweep.csv (a row per finished run and round) and summary.csv (a row per round and
 * combination of the values, run.seed left out: mean and standard deviation over the seeds) from
 * the runs' result.json. */
esp_status esp_sweep_report(const esp_sweep *s, esp_error *err);
/* The summary as a table for people. */
esp_status esp_sweep_table(const esp_sweep *s, FILE *out, esp_error *err);

ESP_END_DECLS

#endif
