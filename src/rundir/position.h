/* Where a run is and what it has found so far: all that a resumed run needs besides the tensors. The report
 * files are functions of it, so they are written whole and never disagree with the checkpoint. */
#ifndef ESP_RUNDIR_POSITION_H
#define ESP_RUNDIR_POSITION_H

#include <espalier/train.h>

/* What a stage ended with. Result 0 is the dense network, result r the network after round r. */
typedef struct esp_result {
  int round;
  double requested;               /* sparsity asked for */
  int64_t pruned, units;          /* of what the pruner covers */
  int64_t params, params_nonzero; /* of the model, running statistics not counted */
  int64_t weights, weights_kept;  /* of convolutions and linear layers */
  double macs, macs_effective;
  esp_metrics validation_before, test_before; /* after pruning, before retraining */
  esp_metrics validation, test;
  esp_executed executed; /* by the test images; 0 images: not counted */
  double seconds;        /* of training */
  int64_t images;        /* trained on */
  int guarded;           /* layers that only the guard kept from being emptied */
} esp_result;

typedef struct esp_position {
  int stage;         /* 0 = training, r = round r */
  bool begun;        /* the stage's pruning and rewinding are done */
  int64_t epoch;     /* of the stage */
  int64_t batch;     /* of the epoch */
  esp_metrics train; /* of the epoch so far */
  esp_result now;    /* of the stage so far */
  esp_result *result;
  int results, capacity;
  char *log, *layers, *kernels, *confusion; /* rows of log.csv, layers.csv, ... */
  char *trials;                             /* the same: of networks that were tried out */
  double peak_rss_mib;                      /* the most memory of any process that worked on the run */
  int64_t events;                           /* bytes of the event file for TensorBoard */
  char recipe[65]; /* SHA-256 of the keys that decide the result: a run goes on only with the same */
} esp_position;

esp_status esp_position_text(const esp_position *p, char **text, esp_error *err); /* newly allocated JSON */
esp_status esp_position_parse(esp_position *p, const char *text, esp_error *err);
void esp_position_free(esp_position *p);

/* Appends a result; appends text to a list of rows. */
esp_status esp_position_add(esp_position *p, const esp_result *r, esp_error *err);
esp_status esp_rows_append(char **rows, const char *row, esp_error *err);

#endif
