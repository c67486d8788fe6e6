/* What happens between two steps of the training: another run's masks are put on (prune.mask_from),
 * and the order of the images changes (run.order). */
#ifndef ESP_RUN_INTERVENTIONS_H
#define ESP_RUN_INTERVENTIONS_H

#include "run/run_state.h"

/* Does what is due before the next step: puts on the masks, or writes the checkpoint where the
 * order of the images changes. */
esp_status esp__run_intervene(esp_run *r, esp_error *err);
/* The batch of this epoch before which the next intervention comes, or that ends the epoch. */
int64_t esp__run_next_pause(const esp_run *r);

#endif
