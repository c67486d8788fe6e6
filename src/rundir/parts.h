/* What is recorded of a network besides its quality and its loss: of each task behind the first its
 * accuracy; of each target the root of its mean squared error in its units, and where there are
 * several its R^2. */
#ifndef ESP_RUNDIR_PARTS_H
#define ESP_RUNDIR_PARTS_H

#include <espalier/quality.h>
#include <espalier/train.h>

#include <cjson/cJSON.h>
#include <stdio.h>

/* What has parts. Borrowed. */
typedef struct esp__parts {
  const esp_tasks *tasks;
  int targets; /* 0: there are classes */
  char *const *target_name;
} esp__parts;
esp__parts esp__parts_of(const esp_dataset *set);
/* By which they are judged. */
static inline const esp_quality *esp__parts_quality(const esp__parts *p) {
  return esp_quality_of(p->targets > 0);
}

/* Part number i; false behind the last. */
typedef struct esp__part {
  const char
      *measure;      /* "accuracy", "rmse" or "r2": in the place of "quality" in a column's name */
  const char *name;  /* of the task or target */
  const char *label; /* above its column: "top-1", "RMSE", "R^2" */
  bool is_share;     /* printed in per cent */
  double (*value)(const esp_metrics *m, int index);
  int index;
} esp__part;
bool esp__part_at(const esp__parts *p, int i, esp__part *part);

/* Cells of a row, each with a comma before it: each part in both metrics, empty where nothing was
 * measured; and above them the columns' names, such as "test_quality", with the part's measure and
 * name. */
void esp__parts_print(FILE *f, const esp__parts *p, const esp_metrics *a, const esp_metrics *b);
void esp__parts_print_columns(FILE *f, const esp__parts *p, const char *a, const char *b);
/* Adds to `o`, for each measure, an object "test_accuracy_tasks" or "test_rmse_targets" with a
 * member a part; where there are several tasks the first is one too. */
void esp__parts_json(cJSON *o, const esp__parts *p, const char *column, const esp_metrics *m);
/* "  kind 97.10 %  price RMSE 3.1" */
enum { ESP_PARTS_TEXT = 512 };
const char *esp__parts_text(const esp__parts *p, const esp_metrics *m, char text[ESP_PARTS_TEXT]);

#endif
