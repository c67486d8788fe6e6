/* Which classes are taken for which: of each series' last level and the dense network, all seeds
 * added up; and precision and recall of each class. */
#include "base/json.h"
#include "report/class_name.h"
#include "report/report_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLASSES_MAX = 1000 };

/* A number of a row as an index below `limit`, or -1. */
static int index_at(const esp_csv *t, int row, const char *column, int limit) {
  const double value = esp_csv_number(t, row, column);
  return value >= 0.0 && value < limit && value == floor(value) ? (int)value : -1;
}

static int count_classes(const esp__run_record *r) {
  int classes = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(r->result, "classes"));
  for (int row = 0; row < r->confusion.rows; row++) {
    const int label = index_at(&r->confusion, row, "label", CLASSES_MAX);
    if (label >= classes) classes = label + 1;
  }
  return classes < CLASSES_MAX ? classes : CLASSES_MAX;
}

static void add_counts(const esp__report_data *data, const esp__point *p, int classes,
                       double *count) {
  const esp_csv *t = &data->runs.item[p->run].confusion;
  for (int row = 0; row < t->rows; row++) {
    const int label = index_at(t, row, "label", classes),
              answer = index_at(t, row, "answer", classes);
    const double images = esp_csv_number(t, row, "images");
    if (esp_csv_number(t, row, "round") == p->round && label >= 0 && answer >= 0 && images > 0.0)
      count[label * classes + answer] += images;
  }
}

/* Test images of each label (row) and answer (column), of the points of a level. */
typedef struct confusion {
  double *count; /* [classes * classes] */
  int classes;
  const esp__run_record *run; /* knows the names */
} confusion;

static double at(const confusion *c, int label, int answer) {
  return c->count[label * c->classes + answer];
}

/* The count is NULL where nothing is known, or memory is out. */
static confusion confusion_of(const esp__report_data *data, int first) {
  const esp__points *p = &data->points;
  confusion c = {.run = &data->runs.item[p->item[first].run]};
  double all = 0.0;
  c.classes = count_classes(c.run);
  c.count = calloc((size_t)c.classes * (size_t)c.classes + 1, sizeof *c.count);
  for (int i = first; c.count && i < esp__level_end(p, first); i++)
    add_counts(data, &p->item[i], c.classes, c.count);
  for (int i = 0; c.count && i < c.classes * c.classes; i++) all += c.count[i];
  if (all > 0.0) return c;
  free(c.count);
  c.count = NULL;
  return c;
}

static double images_of(const confusion *c, int label) {
  double images = 0.0;
  for (int answer = 0; answer < c->classes; answer++) images += at(c, label, answer);
  return images;
}

static double answers_of(const confusion *c, int answer) {
  double answers = 0.0;
  for (int label = 0; label < c->classes; label++) answers += at(c, label, answer);
  return answers;
}

/* ---- heat maps ---- */

/* In percent of the images of the class; of one without images there is no share. */
static double share(const confusion *c, int label, int answer) {
  return 100.0 * at(c, label, answer) / images_of(c, label);
}

/* The shares of `c`, or where `dense` is not NULL how much they are above its. */
static cJSON *shares(const char *id, const confusion *c, const confusion *dense) {
  cJSON *table = esp__table_new(id, (const esp__column[]){{"class", "class"}, {0}});
  char name[64];
  for (int answer = 0; answer < c->classes; answer++) {
    esp__class_name(c->run, answer, name);
    esp__table_widen(table, name, name);
  }
  for (int label = 0; label < c->classes; label++) {
    cJSON *row = esp__table_row_begin(table);
    esp__class_name(c->run, label, name);
    esp__table_cell(row, esp__text_cell(name));
    for (int answer = 0; answer < c->classes; answer++)
      esp__table_cell(row, esp__number_cell(share(c, label, answer) -
                                            (dense ? share(dense, label, answer) : 0.0)));
  }
  return table;
}

static void add_heat(cJSON *report, esp__chart shown, const confusion *c, const confusion *dense) {
  cJSON *chart = esp__chart_add(report, shown);
  if (dense) esp__json_put_bool(chart, "signed", true);
  esp__chart_axis(chart, "x", "answer", "linear");
  esp__chart_axis(chart, "y", "class", "linear");
  esp__report_table_of(report, chart, shares(shown.id, c, dense));
}

static void add_level(cJSON *report, const esp__report_data *data, int first, const confusion *c) {
  const esp__points *p = &data->points;
  const int end = esp__level_end(p, first), series = p->item[first].series;
  char id[48], level[ESP_LABEL_MAX], note[256];
  snprintf(id, sizeof id, p->item[first].round > 0 ? "confusion-%d" : "confusion-dense-%d",
           series + 1);
  esp__level_label(p, first, end, level);
  snprintf(note, sizeof note,
           "%s%s: of the test images of a class (row), "
           "the percentage that got each answer (column); %d seed%s.",
           p->item[first].round > 0 ? "Sparsity " : "The network, ", level, end - first,
           end - first == 1 ? "" : "s");
  add_heat(report, (esp__chart){id, data->diff.series_name[series], note, "heat"}, c, NULL);
}

static void add_change(cJSON *report, const esp__report_data *data, int first, const confusion *c,
                       const confusion *dense) {
  const int series = data->points.item[first].series;
  char id[48], level[ESP_LABEL_MAX], note[256];
  snprintf(id, sizeof id, "confusion-change-%d", series + 1);
  esp__level_label(&data->points, first, esp__level_end(&data->points, first), level);
  snprintf(note, sizeof note,
           "The change that pruning to %s made, in points: more on the diagonal is better, more "
           "elsewhere worse.",
           level);
  add_heat(report, (esp__chart){id, data->diff.series_name[series], note, "heat"}, c, dense);
}

/* ---- precision and recall ---- */

/* All in per cent; NAN where there is nothing to divide by. */
typedef struct quality {
  double precision, recall, f1;
} quality;

static quality quality_of(const confusion *c, int class) {
  const double right = at(c, class, class), images = images_of(c, class),
               answers = answers_of(c, class);
  return (quality){100.0 * right / answers, 100.0 * right / images,
                   100.0 * 2.0 * right / (images + answers)};
}

static void add_classes(cJSON *table, const char *series, const confusion *c,
                        const confusion *dense) {
  const quality none = {(double)NAN, (double)NAN, (double)NAN};
  char name[64];
  for (int class = 0; class < c->classes; class ++) {
    const quality now = quality_of(c, class), before = dense ? quality_of(dense, class) : none;
    esp__class_name(c->run, class, name);
    ESP_TABLE_ROW(table, esp__text_cell(series), esp__text_cell(name),
                  esp__number_cell(images_of(c, class)), esp__number_cell(before.precision),
                  esp__number_cell(now.precision), esp__number_cell(before.recall),
                  esp__number_cell(now.recall), esp__number_cell(before.f1),
                  esp__number_cell(now.f1), esp__number_cell(now.f1 - before.f1));
  }
}

static cJSON *classes_table(void) {
  static const esp__column columns[] = {{"series", "series"},
                                        {"class", "class"},
                                        {"images", "images"},
                                        {"precision_dense_percent", "precision, dense (%)"},
                                        {"precision_percent", "precision (%)"},
                                        {"recall_dense_percent", "recall, dense (%)"},
                                        {"recall_percent", "recall (%)"},
                                        {"f1_dense_percent", "F1, dense (%)"},
                                        {"f1_percent", "F1 (%)"},
                                        {"f1_change_points", "change of F1 (points)"},
                                        {0}};
  return esp__table_new("classes", columns);
}

/* ---- all of it ---- */

/* The last level of a series, and unless an earlier series had it the dense network that it is
 * compared with: `shown` is the dense level that was shown last. */
static void add_series(cJSON *report, cJSON *classes, const esp__report_data *data, int first,
                       int *shown) {
  const esp__points *p = &data->points;
  const int level = p->item[first].round > 0 ? esp__dense_level(p, &data->diff, first) : -1;
  const confusion c = confusion_of(data, first);
  const confusion dense = level >= 0 ? confusion_of(data, level) : (confusion){0};
  const bool both = c.count && dense.count && c.classes == dense.classes;
  if (both && level != *shown) add_level(report, data, *shown = level, &dense);
  if (c.count) add_level(report, data, first, &c);
  if (both) add_change(report, data, first, &c, &dense);
  if (c.count)
    add_classes(classes, data->diff.series_name[p->item[first].series], &c, both ? &dense : NULL);
  free(c.count);
  free(dense.count);
}

void esp__add_confusion(cJSON *report, const esp__report_data *data) {
  const esp__points *p = &data->points;
  cJSON *classes = classes_table();
  int shown = -1;
  for (int first = 0, end; first < p->count; first = end) {
    end = esp__level_end(p, first);
    if (end == p->count || !esp__same_series(p, first, end))
      add_series(report, classes, data, first, &shown);
  }
  esp__report_table_of(report, NULL, classes);
}
