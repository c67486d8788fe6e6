/* Which kernels the passes of the layers run, and why: rows of kernels.csv, and a line in the log. */
#ifndef ESP_RUNDIR_KERNELS_CSV_H
#define ESP_RUNDIR_KERNELS_CSV_H

#include "rundir/position.h"

extern const char esp_choices_header[]; /* of kernels.csv */

/* Appends what was chosen in the last passes of `graph`, a row per layer and pass, to the position. */
esp_status esp_choices_record(esp_position *p, const esp_model *model, const esp_graph *graph,
                              esp_error *err);

/* What the log said last. */
typedef struct esp_choices_said {
  bool anything;
  int stage;
  uint64_t set; /* which passes run sparse, mixed into one number */
} esp_choices_said;

/* Fills `line` and returns true when there is news: pruned layers that all have been measured in this stage,
 * or another set of passes that run sparse. */
enum { ESP_CHOICES_LINE = 384 };
bool esp_choices_news(const esp_model *model, const esp_graph *graph, int stage, esp_choices_said *said,
                      char line[ESP_CHOICES_LINE]);

/* Which kernels a pass of a layer ended a round with: a row of kernels.csv. */
typedef struct esp_chosen {
  int round;
  char layer[ESP_NAME_MAX];
  esp_propagation pass;
  double dense_ms, sparse_ms; /* of a pass; 0 where the stopwatch did not run */
  bool is_sparse;
  char reason[32];
} esp_chosen;
typedef struct esp_chosen_list {
  esp_chosen *row;
  int count;
} esp_chosen_list;
/* The rows of the newest round in the run directory `dir`; none where nothing was recorded. Errors name file
 * and line. On failure *list needs no freeing. */
esp_status esp_chosen_read(esp_chosen_list *list, const char *dir, esp_error *err);
void esp_chosen_free(esp_chosen_list *list);

#endif
