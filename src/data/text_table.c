#include "data/text_table.h"

#include "data/class_files.h"
#include "data/corpus.h"
#include "data/set.h"
#include "data/tokens.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 65536 };

/* A line, as two strings. */
typedef struct row {
  char *label, *text;
  size_t line;
} row;

typedef struct table {
  const char *path;
  row *row;
  size_t rows;
} table;

static bool is_heading(const row *r) {
  return r->line == 1 && strcmp(r->label, "label") == 0 && strcmp(r->text, "text") == 0;
}

static esp_status read_row(row *r, char *line, const esp__lines *lines, esp_error *err) {
  char *tab = strchr(line, '\t');
  if (!tab)
    return esp_fail(err, ESP_ERR_INPUT, "%s:%zu: no tab in it; expected label, tab, text",
                    lines->path, lines->number);
  *tab = '\0';
  *r = (row){line, tab + 1, lines->number};
  if (esp__text_tidy(r->label) == 0 || esp__text_tidy(r->text) == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s:%zu: %s the tab; expected label, tab, text",
                    lines->path, lines->number,
                    *r->label ? "no token of a text behind" : "no label before");
  return ESP_OK;
}

static bool is_blank(const char *line) {
  return !line[strspn(line, " \t\r")];
}

static esp_status read_rows(table *t, esp__lines *lines, esp_error *err) {
  t->row = calloc(esp__lines_left(lines) + 1, sizeof *t->row);
  if (!t->row) return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for its texts", t->path);
  for (char *line;;) {
    ESP_TRY(esp__line_next(lines, &line, err));
    if (!line) break;
    row *r = &t->row[t->rows];
    if (is_blank(line)) continue;
    ESP_TRY(read_row(r, line, lines, err));
    t->rows += !is_heading(r);
  }
  if (t->rows > 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: no text in it; expected lines of label, tab, text",
                  t->path);
}

/* ---- labels ---- */

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The labels, sorted, each once; how many there are. */
static size_t list_labels(const table *t, const char **label) {
  size_t labels = 0;
  for (size_t i = 0; i < t->rows; i++) label[i] = t->row[i].label;
  qsort(label, t->rows, sizeof *label, by_text);
  for (size_t i = 0; i < t->rows; i++)
    if (i == 0 || strcmp(label[i - 1], label[i]) != 0) label[labels++] = label[i];
  return labels;
}

static esp_status name_classes(esp_dataset *set, const table *t, esp_error *err) {
  const char **label = calloc(t->rows, sizeof *label);
  if (!label) return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for its labels", t->path);
  const size_t labels = list_labels(t, label);
  const esp_status status =
      labels < 2 || labels > CLASSES_MAX
          ? esp_fail(err, ESP_ERR_INPUT, "%s: %zu labels in it; expected 2 to %d", t->path, labels,
                     CLASSES_MAX)
          : esp__class_names(set, label, (int)labels, err);
  free(label);
  return status;
}

static esp_status add_row(esp_dataset *set, esp_images *images, const table *t, const row *r,
                          esp_error *err) {
  char **found =
      bsearch(&r->label, set->class_name, (size_t)set->classes, sizeof *set->class_name, by_text);
  if (found) return esp__texts_add(images, r->text, (int)(found - set->class_name), t->path, err);
  return esp_fail(err, ESP_ERR_INPUT, "%s:%zu: label '%.80s' is none of those to train on", t->path,
                  r->line, r->label);
}

static esp_status read_table(esp_dataset *set, esp_images *images, table *t, esp_error *err) {
  esp__lines lines;
  ESP_TRY(esp__corpus_read(set, t->path, &lines, err));
  ESP_TRY(read_rows(t, &lines, err));
  if (set->classes == 0) ESP_TRY(name_classes(set, t, err));
  for (size_t i = 0; i < t->rows; i++) ESP_TRY(add_row(set, images, t, &t->row[i], err));
  return ESP_OK;
}

esp_status esp__text_table_read(esp_dataset *set, esp_images *images, const char *path,
                                esp_error *err) {
  table t = {.path = path};
  const esp_status status = read_table(set, images, &t, err);
  free(t.row);
  return status;
}
