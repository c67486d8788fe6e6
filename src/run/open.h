/* From a configuration to data, model, graphs, loaders and pruner. */
#ifndef ESP_RUN_OPEN_H
#define ESP_RUN_OPEN_H

#include "run/run_state.h"

/* Opens what r->config asks for; the position is the beginning of the run. The data are loaded
 * unless r->set has them. `source` names the configuration in messages. */
esp_status esp__run_open(esp_run *r, const char *source, esp_error *err);
/* Whether the run can begin: weights to start from and masks of another run, if there are any, can
 * be read, and the synaptic flow has a range. To know before a directory is made. */
esp_status esp__run_try_start(esp_run *r, const char *source, esp_error *err);
/* The graphs of r->model, to train with and to evaluate. */
esp_status esp__run_open_graphs(esp_run *r, esp_error *err);
void esp__run_close(esp_run *r);

/* Fails, and says which part differs, unless the data that were opened `now` are those that the run
 * in the directory `run` began with. */
esp_status esp__run_check_data(const esp_run *r, const esp_dataset_digests *began,
                               const esp_dataset_digests *now, const char *run, esp_error *err);
/* Whether of two configurations, whose differences these are (fingerprint.h), nothing differs but
 * mean and deviation: they are measured where nobody sets them, so it is the data that differ. */
bool esp__only_statistics_differ(const char *differences);

/* Loads the data of a configuration for its network: model.input, and the vocabulary of
 * model.weights. */
esp_status esp__config_data(const esp_config *c, esp_dataset **set, esp_error *err);

#endif
