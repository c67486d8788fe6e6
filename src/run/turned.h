/* Which test images pruning has turned: from right to wrong, or from wrong to right. */
#ifndef ESP_RUN_TURNED_H
#define ESP_RUN_TURNED_H

#include "run/run_state.h"

/* At the end of the last stage of a run that began with a dense network: compares the answers of
 * the network with those of dense.safetensors and writes turned.csv and, where any turned wrong,
 * turned.safetensors. Says so where dense.safetensors is gone. */
esp_status esp__run_record_turned(esp_run *r, esp_error *err);

#endif
