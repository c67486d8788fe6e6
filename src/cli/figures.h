/* What two networks cost, side by side. */
#ifndef ESP_CLI_FIGURES_H
#define ESP_CLI_FIGURES_H

#include <espalier/run.h>

typedef struct esp__figures {
  double params, macs, bytes, milliseconds; /* of an image in a batch */
} esp__figures;

/* Of a model whose weights are in `file`; the time is measured on images of the test set. */
esp_status esp__figures_of(esp_model *m, const esp_dataset *set, const char *file, esp__figures *f,
                           esp_error *err);
/* A table: before, after, and their ratio. */
void esp__figures_print(const esp__figures *before, const esp__figures *after);

#endif
