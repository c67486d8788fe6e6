/* What networks that a distribution tries out are worth: the run evaluates them on its validation
 * images. */
#ifndef ESP_RUN_TRIAL_EVALUATOR_H
#define ESP_RUN_TRIAL_EVALUATOR_H

#include "run/run_state.h"

typedef struct esp__trial_evaluation {
  esp_run *run;
  double begun, shown; /* clocks: of the first trial that was not known, of the newest line */
  int known;           /* trials that a process before this one has made */
  double best;         /* validation quality of the best trial */
} esp__trial_evaluation;

esp__trial_evaluation esp__trial_evaluation_begin(esp_run *r);
/* Fitness is the validation quality, of equal ones more where the loss is lower. Each trial is a
 * row of trials.csv, and in every checkpoint, so that a resumed run makes none twice. *e must
 * outlive the rounds. */
esp_trial_evaluator esp__trial_evaluator_of(esp__trial_evaluation *e);

/* Validation images after prune.recalibrate batches of training images; the statistics of batch
 * norms have moved then. */
void esp__trial_evaluate(esp_run *r, esp_metrics *m);

/* When a search has found the densities that the network has now: found.ini, the run's
 * configuration with them written out (distribution = per-layer). */
esp_status esp__found_write(const esp_run *r, esp_error *err);

#endif
