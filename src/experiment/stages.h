/* The stages of a run and their learning rates, as functions of the configuration. */
#ifndef ESP_STAGES_H
#define ESP_STAGES_H

#include <espalier/config.h>

esp_retrain esp_retrain_of(const esp_config *c);

/* Epochs of stage 0 (training) or r (retraining after round r). */
int64_t esp_stage_epochs(const esp_config *c, int stage);
/* The learning rate at a fractional epoch of a stage. */
double esp_stage_rate(const esp_config *c, int stage, double epoch);

/* Keys that do not go together, in one sentence. */
esp_status esp_config_check(const esp_config *c, esp_error *err);

/* True unless method = none. */
bool esp_prunes(const esp_config *c);
/* Masks change before or while the network trains: there is one stage, and no dense network. */
bool esp_prunes_in_training(const esp_config *c);
/* The training before the first round is the same, and leaves the same, as without [prune]. */
bool esp_trains_plainly(const esp_config *c);
/* What a round prunes to depends on what came of those before (course.h). */
bool esp_reacts(const esp_config *c);
/* The distribution tries networks out, on validation images (judge.h). */
bool esp_searches(const esp_config *c);
/* Epoch of the last mask change of what prunes in training. */
double esp_prune_end_epoch(const esp_config *c);
/* Stages of the run: the training, then one per round; at most so many where the schedule reacts. */
int esp_stages(const esp_config *c);

#endif
