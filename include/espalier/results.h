/* Reading result.json of finished runs. */
#ifndef ESP_RESULTS_H
#define ESP_RESULTS_H

#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stdbool.h>

ESP_BEGIN_DECLS

/* A row of it: round 0 is the dense network. NAN where nothing was measured. Accuracies are
 * shares. */
typedef struct esp_round {
  int round;
  double sparsity_requested, sparsity, weights, weights_nonzero, macs, macs_effective;
  double test_accuracy_before, test_accuracy, test_top5, test_loss, val_accuracy;
  double train_images_per_second, seconds;
} esp_round;

typedef struct esp_results {
  esp_round *round;
  int rounds;
  char sha256[65];
} esp_results;

/* Fails when there is none, it does not parse, or the run goes on still. On failure *r needs no
 * freeing. */
esp_status esp_results_read(esp_results *r, const char *dir, esp_error *err);
void esp_results_free(esp_results *r);
bool esp_results_finished(const char *dir);

/* Round 0, or NULL for a run that was never dense. */
const esp_round *esp_results_dense(const esp_results *r);

ESP_END_DECLS

#endif
