#include "report/csv.h"

#include <espalier/file.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 64 << 20 };

static size_t count_of(const char *text, char what) {
  size_t count = 0;
  for (; *text; text++) count += *text == what;
  return count;
}

/* Splits the line at `text`; returns how many cells it has, of which at most `limit` are stored. */
static int split(char *text, char **cell, int limit) {
  int cells = 0;
  for (char *next = text; next; cells++) {
    char *comma = strchr(next, ',');
    if (comma) *comma = '\0';
    if (cells < limit) cell[cells] = next;
    next = comma ? comma + 1 : NULL;
  }
  return cells;
}

static esp_status read_rows(esp_csv *t, const char *path, esp_error *err) {
  char *line = t->text;
  while (*line) {
    char *end = line + strcspn(line, "\n"), *after = *end ? end + 1 : end;
    *end = '\0';
    const int cells = split(line, t->cell + (size_t)t->rows * (size_t)t->columns, t->columns);
    if (cells != t->columns)
      return esp_fail(err, ESP_ERR_INPUT, "%s:%d: %d cells, expected %d", path, t->rows + 1, cells,
                      t->columns);
    t->rows++;
    line = after;
  }
  return ESP_OK;
}

esp_status esp_csv_read(esp_csv *table, const char *path, esp_error *err) {
  size_t bytes;
  *table = (esp_csv){0};
  ESP_TRY(esp_file_read(path, BYTES_MAX, &table->text, &bytes, err));
  const size_t first = strcspn(table->text, "\n"), lines = count_of(table->text, '\n') + 1;
  size_t columns = 1;
  for (size_t i = 0; i < first; i++) columns += table->text[i] == ',';
  /* A row has a byte per comma, so that the file's size bounds the cells, but not the columns of short rows.
   */
  if (columns > 1000)
    return esp_fail(err, ESP_ERR_INPUT, "%s:1: %zu columns, expected at most 1000", path, columns);
  table->columns = (int)columns;
  table->cell = calloc(lines * columns, sizeof *table->cell);
  if (!table->cell) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  return read_rows(table, path, err);
}

void esp_csv_free(esp_csv *table) {
  free(table->text);
  free(table->cell);
  *table = (esp_csv){0};
}

int esp_csv_column(const esp_csv *table, const char *name) {
  for (int c = 0; table->rows > 0 && c < table->columns; c++)
    if (strcmp(table->cell[c], name) == 0) return c;
  return -1;
}

const char *esp_csv_text(const esp_csv *table, int row, const char *column) {
  const int c = esp_csv_column(table, column);
  return c >= 0 && row < table->rows ? table->cell[(size_t)row * (size_t)table->columns + (size_t)c] : "";
}

double esp_csv_number(const esp_csv *table, int row, const char *column) {
  const char *text = esp_csv_text(table, row, column);
  char *end;
  const double value = strtod(text, &end);
  return end != text && !*end && isfinite(value) ? value : NAN;
}
