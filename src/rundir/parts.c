#include "rundir/parts.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

esp__parts esp__parts_of(const esp_dataset *set) {
  return (esp__parts){&set->tasks, set->targets.count, set->class_name};
}

static int further_tasks(const esp__parts *p) {
  return p->targets > 0 ? 0 : p->tasks->count - 1;
}
static int targets(const esp__parts *p) {
  return p->targets;
}
static int several_targets(const esp__parts *p) {
  return p->targets > 1 ? p->targets : 0;
}

static const struct {
  const char *measure, *label, *noun;
  bool is_share;
  int first; /* index of the first part */
  int (*count)(const esp__parts *p);
  double (*value)(const esp_metrics *m, int index);
} measures[] = {
    {"accuracy", "top-1", "tasks", true, 1, further_tasks, esp_metrics_task_top1},
    {"rmse", "RMSE", "targets", false, 0, targets, esp_metrics_rmse},
    {"r2", "R^2", "targets", false, 0, several_targets, esp_metrics_target_r2},
};
enum { MEASURES = sizeof measures / sizeof *measures };

static esp__part part_of(const esp__parts *p, int k, int index) {
  return (esp__part){
      measures[k].measure, p->targets > 0 ? p->target_name[index] : p->tasks->item[index].name,
      measures[k].label,   measures[k].is_share,
      measures[k].value,   index};
}

/* Which of the measures part i has; it becomes the number among those. */
static int measure_of(const esp__parts *p, int *i) {
  int k = 0;
  for (int n; k < MEASURES && *i >= (n = measures[k].count(p)); k++) *i -= n;
  return k;
}

bool esp__part_at(const esp__parts *p, int i, esp__part *part) {
  const int k = measure_of(p, &i);
  if (k < MEASURES) *part = part_of(p, k, measures[k].first + i);
  return k < MEASURES;
}

/* ---- tables ---- */

static void print_value(FILE *f, const esp__part *part, const esp_metrics *m) {
  if (m->count > 0)
    fprintf(f, ",%.6g", part->value(m, part->index));
  else
    fputc(',', f);
}

void esp__parts_print(FILE *f, const esp__parts *p, const esp_metrics *a, const esp_metrics *b) {
  esp__part part;
  for (int i = 0; esp__part_at(p, i, &part); i++) {
    print_value(f, &part, a);
    print_value(f, &part, b);
  }
}

static void print_column(FILE *f, const esp__part *part, const char *column) {
  char word[ESP_QUALITY_COLUMN], name[ESP_QUALITY_COLUMN + 4096];
  snprintf(name, sizeof name, "%s_%s", esp_quality_column_of(part->measure, column, word),
           part->name);
  fputc(',', f);
  esp__print_csv_cell(f, name);
}

void esp__parts_print_columns(FILE *f, const esp__parts *p, const char *a, const char *b) {
  esp__part part;
  for (int i = 0; esp__part_at(p, i, &part); i++) {
    print_column(f, &part, a);
    print_column(f, &part, b);
  }
}

/* ---- JSON ---- */

void esp__parts_json(cJSON *o, const esp__parts *p, const char *column, const esp_metrics *m) {
  for (int k = 0; k < MEASURES; k++) {
    const int count = measures[k].count(p);
    char word[ESP_QUALITY_COLUMN], name[ESP_QUALITY_COLUMN + 16];
    if (count == 0) continue;
    snprintf(name, sizeof name, "%s_%s", esp_quality_column_of(measures[k].measure, column, word),
             measures[k].noun);
    cJSON *each = esp__json_put_object(o, name);
    for (int i = 0; i < measures[k].first + count; i++) {
      const esp__part part = part_of(p, k, i);
      esp__json_put(
          each, part.name,
          m->count > 0 ? cJSON_CreateNumber(part.value(m, part.index)) : cJSON_CreateNull());
    }
  }
}

/* ---- lines ---- */

const char *esp__parts_text(const esp__parts *p, const esp_metrics *m, char text[ESP_PARTS_TEXT]) {
  size_t used = 0;
  *text = '\0';
  for (int k = 0; k < MEASURES; k++)
    for (int i = 0; i < measures[k].count(p) && used < ESP_PARTS_TEXT; i++) {
      const esp__part part = part_of(p, k, measures[k].first + i);
      const double value = part.value(m, part.index);
      used += (size_t)snprintf(text + used, ESP_PARTS_TEXT - used,
                               part.is_share ? "  %.20s%.0s %.2f %%" : "  %.20s %s %.4g", part.name,
                               part.label, part.is_share ? 100.0 * value : value);
    }
  return text;
}
