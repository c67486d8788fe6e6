/* The stages of a run and their learning rates, as functions of the configuration. */
#ifndef ESP_CONFIG_STAGES_H
#define ESP_CONFIG_STAGES_H

#include <espalier/config.h>

/* What prune.retrain says. */
esp_retrain esp__retrain_of(const esp_config *c);

/* In all of these `batches` are those of an epoch; 0 where the images are not known, then steps do
 * not count. */

/* The moment of the training whose weights the pruned network gets (rewind_epoch, rewind_step): so
 * many epochs and batches after its beginning. */
typedef struct esp__rewind_point {
  int64_t epoch, batch;
} esp__rewind_point;
esp__rewind_point esp__rewind_point_of(const esp_config *c, int64_t batches);

/* Epochs of stage 0 (training), r (retraining after round r), or behind a step of [compress]. */
int64_t esp__stage_epochs(const esp_config *c, int stage, int64_t batches);
/* The batch of its first epoch that a stage begins with. */
int64_t esp__stage_batch(const esp_config *c, int stage, int64_t batches);
/* The learning rate at a fractional epoch of a stage. */
double esp__stage_rate(const esp_config *c, int stage, double epoch, int64_t batches);

/* False if method = none and no masks come from another run. */
bool esp__prunes(const esp_config *c);
/* Masks change before or while the network trains: there is one stage, and no dense network. */
bool esp__prunes_in_training(const esp_config *c);
/* What the criterion looks at is gathered while the network trains. */
bool esp__learns_to_prune(const esp_config *c);
/* The training before the first round is the same, and leaves the same, as without [prune]. */
bool esp__has_plain_dense_stage(const esp_config *c);
/* The dense network teaches the retraining: distill, or retrain = reconstruct. */
bool esp__uses_distillation(const esp_config *c);
/* What a round prunes to depends on what came of those before (run/feedback.h). */
bool esp__reacts(const esp_config *c);
/* The distribution tries networks out, on validation images (run/trial_evaluator.h). */
bool esp__searches(const esp_config *c);
/* Epoch of the last mask change of what prunes in training. */
double esp__prune_end_epoch(const esp_config *c);
/* Stages of the run: the training, one per round, one per step of [compress]; at most so many where
 * the schedule reacts. */
int esp__stages(const esp_config *c);
/* The step of [compress] that a stage begins with, from 0; -1: none. */
int esp__compress_step(const esp_config *c, int stage);
/* What a stage does first: train, prune, or the name of the step. */
const char *esp__stage_work(const esp_config *c, int stage);

#endif
