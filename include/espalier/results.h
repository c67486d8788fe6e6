/* Reading result.json of finished runs. */
#ifndef ESP_RESULTS_H
#define ESP_RESULTS_H

#include <espalier/linkage.h>
#include <espalier/quality.h>
#include <espalier/status.h>

#include <stdbool.h>

ESP_BEGIN_DECLS

/* A row of it, and of rounds.csv: round 0 is the dense network. NAN where nothing was measured.
 * Quality is what results are judged by (quality.h); accuracies and sparsities are shares, losses
 * and multiply-adds (MACs) those of an image. */
typedef struct esp_round {
  int round;
  double sparsity_requested, sparsity; /* units that are pruned, of those that the pruner covers */
  double sparsity_network;             /* weights that are 0, of those of the whole network */
  double density, compression;         /* of the weights; all / nonzero */
  double params, params_nonzero;       /* with biases and batch norms */
  double weights, weights_nonzero;     /* of convolutions and linear layers */
  double bytes;                        /* of the network as a packed file */
  double macs, macs_effective;         /* those of nonzero weights */
  /* What test images needed, where that depends on the image: mean, its share of macs, and the
   * images that needed least and most. */
  double macs_executed, macs_executed_share, macs_executed_least, macs_executed_most;
  /* After pruning, before retraining. */
  double validation_quality_before, validation_loss_before;
  double test_quality_before, test_loss_before;
  double validation_quality, validation_loss;
  double test_quality, test_top5, test_loss;
  double recovery; /* test_quality over that of the dense network: 1 is recovered */
  double milliseconds_per_image, train_images_per_second;
  double seconds;        /* of training */
  double layers_guarded; /* that only a floor kept from being emptied */
  double mask_changes;   /* that pruned a weight or brought one back */
  double weights_moved;  /* by them, pruned or brought back; one that did both counts twice */
} esp_round;

typedef struct esp_results {
  esp_round *round;
  int rounds;
  const esp_quality *quality; /* what it is of them */
  char sha256[65];            /* of the weights */
  char test_labels[65];       /* SHA-256 of the labels of the test images; "" in older files */
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
