/* Which classes are taken for which: the network of each series' last level, all seeds added up. */
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

static void class_name(const esp__run_record *r, int c, char text[64]) {
  const cJSON *name = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(r->result, "classes"), c);
  if (cJSON_IsString(name))
    snprintf(text, 64, "%s", name->valuestring);
  else
    snprintf(text, 64, "%d", c);
}

/* In percent of the images of each class; a class without images has none. */
static cJSON *shares(const char *id, const esp__run_record *r, const double *count, int classes) {
  cJSON *table = esp__table_new(id, (const esp__column[]){{"class", "class"}, {0}});
  char name[64];
  for (int c = 0; c < classes; c++) {
    class_name(r, c, name);
    esp__table_widen(table, name, name);
  }
  for (int label = 0; label < classes; label++, count += classes) {
    double images = 0.0;
    for (int c = 0; c < classes; c++) images += count[c];
    cJSON *row = esp__table_row_begin(table);
    class_name(r, label, name);
    esp__table_cell(row, esp__text_cell(name));
    for (int c = 0; c < classes; c++)
      esp__table_cell(row, esp__number_cell(100.0 * count[c] / images));
  }
  return table;
}

/* Points [first, end) are the last level of a series. */
static void add_level(cJSON *report, const esp__report_data *data, int first, int end) {
  const esp__point *p = &data->points.item[first];
  const esp__run_record *r = &data->runs.item[p->run];
  const int classes = count_classes(r);
  double *count = calloc((size_t)classes * (size_t)classes + 1, sizeof *count), all = 0.0;
  for (int i = first; count && i < end; i++)
    add_counts(data, &data->points.item[i], classes, count);
  for (int i = 0; count && i < classes * classes; i++) all += count[i];
  if (all > 0.0) {
    char id[32], level[32], note[160];
    snprintf(id, sizeof id, "confusion-%d", p->series + 1);
    esp__level_label(&data->points, first, end, level);
    snprintf(note, sizeof note,
             "Sparsity %s: of the test images of a class (row), "
             "the percentage that got each answer (column); %d seed%s.",
             level, end - first, end - first == 1 ? "" : "s");
    cJSON *chart =
        esp__chart_add(report, (esp__chart){id, data->diff.series_name[p->series], note, "heat"});
    esp__chart_axis(chart, "x", "answer", "linear");
    esp__chart_axis(chart, "y", "class", "linear");
    esp__report_table_of(report, chart, shares(id, r, count, classes));
  }
  free(count);
}

void esp__add_confusion(cJSON *report, const esp__report_data *data) {
  for (int first = 0, end; first < data->points.count; first = end) {
    end = esp__level_end(&data->points, first);
    if (end == data->points.count || !esp__same_series(&data->points, first, end))
      add_level(report, data, first, end);
  }
}
