/* Networks on the straight line between two: (1 - alpha) a + alpha b. */
#ifndef ESP_INTERPOLATION_H
#define ESP_INTERPOLATION_H

#include <espalier/linkage.h>
#include <espalier/run.h>

ESP_BEGIN_DECLS

/* The running statistics of batch norms are weighted like the weights, or measured anew: over up to
 * ESP_INTERPOLATION_BATCHES training batches, augmented as in training (the moving average with
 * factor 0.9 then knows the network before in 0.9^100 of it). At the ends, too, so that all points
 * are measured alike. */
typedef enum esp_interpolation_statistics {
  ESP_INTERPOLATION_WEIGHTED,
  ESP_INTERPOLATION_RECALIBRATED,
  ESP_INTERPOLATION_KINDS
} esp_interpolation_statistics;
enum { ESP_INTERPOLATION_BATCHES = 100, ESP_INTERPOLATION_POINTS_MAX = 1001 };
const char *esp_interpolation_name(esp_interpolation_statistics kind); /* "weighted", "measured" */

typedef struct esp_interpolation_point {
  double alpha;
  esp_metrics test[ESP_INTERPOLATION_KINDS]; /* over the test images */
} esp_interpolation_point;

typedef struct esp_interpolation {
  esp_interpolation_point *point;
  int points, kinds; /* kinds: 1 in networks without batch norm, where both are the same */
  double distance;   /* Euclidean, between the weights of the ends; running statistics left out */
} esp_interpolation;

/* Measures `points` (2 to ESP_INTERPOLATION_POINTS_MAX) points, the ends among them, between the
 * networks of two weights files or run directories, with the data and loss of the first. The
 * networks must have the same parameters. Stops with ESP_ERR_INTERRUPTED when control.stop says so.
 * On failure *line needs no freeing. */
esp_status esp_interpolation_measure(esp_interpolation *line, const char *const path[2], int points,
                                     esp_run_control control, esp_error *err);
void esp_interpolation_free(esp_interpolation *line);

/* How far the worst point lies above the mean of the ends (Frankle et al. 2020: instability, of the
 * error): the loss an image, and the share of images that are answered wrongly. */
typedef struct esp_barrier {
  double loss[2], error[2];       /* of the ends */
  double worst_loss, worst_error; /* of all points */
  double loss_barrier, error_barrier;
} esp_barrier;
esp_barrier esp_interpolation_barrier(const esp_interpolation *line,
                                      esp_interpolation_statistics kind);

ESP_END_DECLS

#endif
