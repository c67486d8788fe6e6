/* What the parts of a run share: numbers of epochs and steps, evaluating, saving, reporting. */
#ifndef ESP_RUN_SERVICES_H
#define ESP_RUN_SERVICES_H

#include "run/run_state.h"
#include "rundir/paths.h"

/* "<dir>/<name>" in `path`, which it returns. */
const char *esp__run_path(const esp_run *r, const char *name, char path[ESP_PATH_MAX]);

/* The number of an epoch of the stage in the whole run: what shuffles and augments. */
uint64_t esp__run_epoch_number(const esp_run *r, int64_t epoch);
/* The number of the epoch whose images are measured with, between two stages. */
uint64_t esp__run_probe_epoch(const esp_run *r);
/* Steps of the training before the one that comes next; in stage 0. */
int64_t esp__run_step(const esp_run *r);

/* Steps between which masks may change, counted from the beginning of the training. */
esp_prune_window esp__run_prune_window(const esp_run *r);

/* After masks may have changed: counts that, and the weights that moved, in the result of the
 * stage. */
void esp__run_count_moved(esp_run *r);

esp_trainer esp__run_trainer(esp_run *r);
/* What pruning measures with; *images must outlive it. */
esp_probe esp__run_probe(esp_run *r, esp_probe_images *images);
/* The share of units pruned, of what the pruner covers. */
double esp__run_sparsity(const esp_run *r);

/* Over the validation images, where there are any, and the test images unless `test` is NULL; a
 * loss that is not finite fails. */
esp_status esp__run_evaluate(esp_run *r, esp_metrics *validation, esp_metrics *test,
                             int64_t *confusion, esp_error *err);
/* Evaluates what is there between pruning and retraining, into the result of the stage. */
esp_status esp__run_evaluate_before(esp_run *r, esp_error *err);
/* Counts the network into *result: parameters, weights, MACs, its bytes as a packed file. */
esp_status esp__run_count(const esp_run *r, esp__result *result, esp_error *err);
/* Opens the dense network that the training ended with, for inference on batches of the run's size;
 * the caller frees both, after a failure too. */
esp_status esp__run_open_dense(const esp_run *r, esp_model **model, esp_graph **graph,
                               esp_error *err);
/* Weights that are not finite numbers end the run: rectifiers can hide them from the loss. */
esp_status esp__run_check_weights(const esp_run *r, esp_error *err);

/* What files of the run's weights say about themselves. */
esp_provenance esp__run_provenance(const esp_run *r);
/* Saves the weights as the file `name` of the run directory. */
esp_status esp__run_save_weights(const esp_run *r, const char *name, esp_error *err);
/* Saves a checkpoint as the file `name` of the run directory. */
esp_status esp__run_save_as(esp_run *r, const char *name, esp_error *err);
/* Saves the newest checkpoint, which a resumed run goes on from. */
esp_status esp__run_save(esp_run *r, esp_error *err);
/* Whether the caller wants the run to stop, of any process that shares it; together. */
bool esp__run_asked_to_stop(const esp_run *r);
/* Saves the newest checkpoint if it is time for one, or if the run is to stop, which fails. */
esp_status esp__run_save_in_time(esp_run *r, esp_error *err);

/* Writes the report files. `sha256` of the weights, or NULL while the run goes on; the run that has
 * ended shows its table. */
esp_status esp__run_report(esp_run *r, const char *sha256, esp_error *err);

#endif
