/* Sensitivity of layers: what pruning one alone, without retraining, costs (Han et al. 2015, fig.
 * 6; Li et al. 2017, fig. 2b). */
#ifndef ESP_SENSITIVITY_H
#define ESP_SENSITIVITY_H

#include <espalier/linkage.h>
#include <espalier/run.h>

ESP_BEGIN_DECLS

typedef struct esp_sensitivity_options {
  const char *path; /* a run directory (its dense network, if it kept one), a weights file, or a
                       configuration (*.ini) that names weights */
  const char
      *dir; /* where sensitivity.csv goes; NULL: the run directory, or where the run would go */
  int overrides; /* section.key=value */
  const char *const *override;
  FILE *out; /* the table, a row per layer as soon as it is known; NULL: nowhere */
} esp_sensitivity_options;

/* For each layer whose units rank (of channels that go together: all of them, under the first
 * layer's name) and each sparsity: prunes that layer alone by the configuration's criterion and
 * structure, judges the network on validation images, and puts everything back. Sparsities are
 * those of prune.sparsities; 0.1 to 0.9 and 0.95 where there are none. A method that is no
 * criterion counts as magnitude. Where the run held no images out, a tenth of those it was trained
 * on is judged, and it says so. Writes sensitivity.csv whole, at the end. */
esp_status esp_sensitivity(const esp_sensitivity_options *o, esp_error *err);

ESP_END_DECLS

#endif
