/* The network with fewer units, for a look at it, and then as it was. */
#ifndef ESP_PRUNE_SEARCH_TRIAL_H
#define ESP_PRUNE_SEARCH_TRIAL_H

#include <espalier/prune.h>

typedef struct esp__trial esp__trial;

/* Measures what the criterion needs (probe NULL: that was done, and p->score is filled), and keeps
 * scores, values and moving averages. The pruner must outlive it. */
esp_status esp__trial_open(esp__trial **trial, esp_pruner *p, const esp_probe *probe,
                           esp_error *err);
void esp__trial_free(esp__trial *trial);

/* Zeroes what a round to `sparsity` would prune with these densities, one for each pool of the
 * pruner (esp_pruner_pools), with all that goes with it: values and moving averages. No mask
 * changes. The pruner's distribution has a `share`; where that is explicit, densities are met in
 * each pool, else in total. */
esp_status esp__trial_begin(esp__trial *trial, double sparsity, const double *density,
                            esp_error *err);
/* Units that the pool keeps in the trial. */
size_t esp__trial_kept(const esp__trial *trial, int pool);
/* Puts values and moving averages back. */
void esp__trial_end(esp__trial *trial);
/* Puts the scores back too, as they were measured. */
void esp__trial_over(esp__trial *trial);

#endif
