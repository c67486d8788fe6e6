/* What the parts of a stage share: run_begin.c, run_epoch.c, run_end.c. Internal to
 * src/experiment. */
#ifndef ESP_RUN_SERVICES_H
#define ESP_RUN_SERVICES_H

#include "run/run_state.h"

/* ---- run_stage.c ---- */

/* The number of an epoch of the stage in the whole run: what shuffles and augments. */
uint64_t esp__run_epoch_number(const esp_run *r, int64_t epoch);
/* Steps of the training before the one that comes next; in stage 0. */
int64_t esp__run_step(const esp_run *r);
esp_trainer esp__run_trainer(esp_run *r);
/* The number of the epoch whose images are measured with, between two stages. */
uint64_t esp__run_probe_epoch(const esp_run *r);
/* What pruning measures with; *images must outlive it. */
esp_probe esp__run_probe(esp_run *r, esp_probe_images *images);
double esp__run_sparsity(const esp_run *r); /* of what the pruner covers */
const char *esp__run_stage_name(const esp_run *r, char name[64]);
/* "  kind 97.10 %" for each task behind the first. */
const char *esp__run_task_text(const esp_run *r, const esp_metrics *m, char text[256]);
/* Over the validation images, where there are any, and the test images unless `test` is NULL; a
 * loss that is not finite fails. */
esp_status esp__run_evaluate(esp_run *r, esp_metrics *validation, esp_metrics *test,
                             int64_t *confusion, esp_error *err);
esp_status esp__run_evaluate_before(esp_run *r,
                                    esp_error *err); /* between pruning and retraining */
/* Weights that are not finite numbers end the run: rectifiers can hide them from the loss. */
esp_status esp__run_check_weights(const esp_run *r, esp_error *err);
bool esp__run_asked_to_stop(const esp_run *r);
/* A checkpoint if it is time for one, or if the run is to stop, which fails. */
esp_status esp__run_save_in_time(esp_run *r, esp_error *err);

/* ---- run_keep.c: weights and checkpoints that are kept on the way ---- */

esp_status esp__run_save_weights(esp_run *r, const char *name, esp_error *err);
/* When the training has reached an epoch, or a step: the weights to keep there, or to come back
 * to. */
esp_status esp__run_keep_epoch(esp_run *r, int64_t epoch, esp_error *err);
esp_status esp__run_keep_step(esp_run *r, int64_t step, esp_error *err);
/* What the pruned network starts its retraining from. */
esp_status esp__run_rewind(esp_run *r, esp_error *err);

/* ---- run_branch.c: what happens between two steps of the training ---- */

/* Does what is due before the next step: another run's masks, the checkpoint where the order of
 * images changes. */
esp_status esp__run_at_step(esp_run *r, esp_error *err);
/* The batch of this epoch before which the next of these comes, or that ends the epoch. */
int64_t esp__run_next_pause(const esp_run *r);

/* ---- the parts ---- */

esp_status esp__run_begin_stage(esp_run *r, esp_error *err);
esp_status esp__run_epoch(esp_run *r, bool *over, esp_error *err); /* *over: no further epochs */
esp_status esp__run_end_stage(esp_run *r, esp_error *err);

#endif
