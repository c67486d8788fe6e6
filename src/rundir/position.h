/* Where a run is and what it has found so far: all that a resumed run needs besides the tensors.
 * The report files are functions of it, so they are written whole and never disagree with the
 * checkpoint. */
#ifndef ESP_RUNDIR_POSITION_H
#define ESP_RUNDIR_POSITION_H

#include <espalier/train.h>

/* What a stage ended with. Result 0 is the dense network, result r the network after round r. */
typedef struct esp__result {
  int round;
  double requested;                 /* sparsity asked for; NAN: none, a threshold said what goes */
  int64_t pruned, units;            /* of what the pruner covers */
  int64_t params, params_nonzero;   /* of the model, running statistics not counted */
  int64_t weights, weights_nonzero; /* of convolutions and linear layers */
  double macs, macs_effective;
  esp_metrics validation_before, test_before; /* after pruning, before retraining */
  esp_metrics validation, test;
  esp_dynamic_macs executed; /* by the test images; 0 images: not counted */
  double seconds;            /* of training */
  int64_t images;            /* trained on */
  int guarded;               /* layers that only a floor kept from being emptied */
  double packed_bytes;       /* of the network as a packed file; NAN in older checkpoints */
  int64_t mask_changes;      /* that pruned a weight or brought one back */
  int64_t weights_moved;     /* by them: pruned, or brought back */
} esp__result;

typedef struct esp__position {
  int stage;         /* 0 = training, r = round r */
  bool begun;        /* the stage's pruning and rewinding are done */
  int64_t epoch;     /* of the stage */
  int64_t batch;     /* of the epoch */
  esp_metrics train; /* of the epoch so far */
  esp__result now;   /* of the stage so far */
  esp__result *result;
  int results, capacity;
  /* Rows of log.csv, layers.csv, ...; NULL = none. Older checkpoints have no costs, no sparsity. */
  char *log, *layers, *kernels, *confusion, *costs, *sparsity;
  char *trials;             /* rows of trials.csv: networks that were tried out */
  double peak_rss_mib;      /* the most memory of any process that worked on the run */
  int64_t events;           /* bytes of the event file for TensorBoard */
  char fingerprint[65];     /* of the configuration: a run goes on only with the same */
  esp_dataset_digests data; /* of the images: the same; "" in checkpoints of earlier versions */
  char *warnings;           /* rows: what is odd about the run as a whole; NULL = nothing */
  char *plugins; /* a row "NAME VERSION SHA256" of each that the run works with; NULL = none */
} esp__position;

/* The position as JSON, newly allocated. */
esp_status esp__position_text(const esp__position *p, char **text, esp_error *err);
/* On failure *p needs no freeing. */
esp_status esp__position_parse(esp__position *p, const char *text, esp_error *err);
void esp__position_free(esp__position *p);

/* Appends a result. */
esp_status esp__position_add(esp__position *p, const esp__result *r, esp_error *err);
/* Appends text to a list of rows, which is NULL at first. */
esp_status esp__rows_append(char **rows, const char *row, esp_error *err);

#endif
