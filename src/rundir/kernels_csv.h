/* Which kernels the passes of the layers run, and why: rows of kernels.csv, and a line in the
 * log. */
#ifndef ESP_RUNDIR_KERNELS_CSV_H
#define ESP_RUNDIR_KERNELS_CSV_H

#include "rundir/position.h"

extern const char *const esp__kernels_columns[]; /* of kernels.csv; NULL after the last */

/* Appends what was chosen in the last passes of `graph`, a row per layer and pass, to the
 * position. */
esp_status esp__kernels_csv_record(esp__position *p, const esp_model *model, const esp_graph *graph,
                                   esp_error *err);

/* What the log said last. */
typedef struct esp__kernels_csv_said {
  bool anything;
  int stage;
  uint64_t set; /* which passes run sparse, mixed into one number */
} esp__kernels_csv_said;

/* Fills `line` and returns true when there is news: pruned layers that all have been measured in
 * this stage, or another set of passes that run sparse. */
enum { ESP_KERNELS_CSV_LINE = 384 };
bool esp__kernels_csv_news(const esp_model *model, const esp_graph *graph, int stage,
                           esp__kernels_csv_said *said, char line[ESP_KERNELS_CSV_LINE]);

/* Which kernels a pass of a layer ended a round with: a row of kernels.csv. */
typedef struct esp__kernels_row {
  int round;
  char layer[ESP_NAME_MAX];
  esp_propagation pass;
  double dense_ms, sparse_ms; /* of a pass; 0 where the stopwatch did not run */
  bool is_sparse;
  char reason[32];
} esp__kernels_row;
typedef struct esp__kernels_rows {
  esp__kernels_row *row;
  int count;
} esp__kernels_rows;
/* The rows of the newest round in the run directory `dir`; none where nothing was recorded. Errors
 * name file and line. On failure *list needs no freeing. */
esp_status esp__kernels_rows_read(esp__kernels_rows *list, const char *dir, esp_error *err);
void esp__kernels_rows_free(esp__kernels_rows *list);

#endif
