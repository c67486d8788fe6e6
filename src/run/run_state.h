/* Everything a run holds. Internal to src/run. */
#ifndef ESP_RUN_RUN_STATE_H
#define ESP_RUN_RUN_STATE_H

#include "base/lock.h"
#include "run/progress.h"
#include "rundir/kernels_csv.h"
#include "rundir/position.h"

#include <espalier/run.h>

struct esp_run {
  esp_config config;
  char dir[2048];    /* shorter than a path, so that a name fits behind it */
  char *config_text; /* with the normalisation filled in, for weights files */
  char *brief_text;  /* the same, as a packed file holds it */
  char *classes;     /* names, a line each */
  char *vocabulary;  /* tokens, a line each; NULL: the data are no texts */
  esp_dataset *set;
  esp_model *model;
  esp_graph *graph;      /* to train with */
  esp_graph *evaluation; /* the same parameters, for inference: the same logits, faster */
  /* Where processes share the run and the pruner looks at single images: a graph to train with and
   * the training images, for whole batches, at which the processes take turns. Else NULL. */
  esp_graph *probing;
  esp_loader *probing_images;
  esp_pruner *pruner;               /* NULL: method = none */
  esp_prune_options finished_prune; /* of a pruner that only keeps masks (replace_model.h) */
  esp_loader *training, *validation, *test; /* validation NULL: none */
  esp__position at;
  esp_run_control control;
  esp__progress progress;
  esp__kernels_csv_said said; /* of the kernels, in the log */
  esp_model *teacher;         /* the dense network, while it teaches; NULL: not */
  esp_graph *teacher_graph;
  esp__lock lock; /* of the directory: nobody else works in it */
  double saved;   /* clock, at the newest checkpoint */
  double beaten;  /* clock, when progress.json was written last; 0 = never */
  int threads;
};

#endif
