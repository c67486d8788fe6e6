/* Which kernels the passes of the layers run, and why: rows of kernels.csv, and a line in the log. */
#ifndef ESP_CHOICES_H
#define ESP_CHOICES_H

#include "experiment/position.h"

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

#endif
