/* The tables of a report, as JSON: what the page shows, what its charts draw, and what goes into
 * CSV files.
 *
 *     {"id": "...", "columns": [{"name": "sparsity_percent", "label": "sparsity (%)"}, ...],
 *      "rows": [[...], ...]}
 *
 * A number that is not finite is null. cJSON builds nothing more once memory runs out; who prints
 * the whole finds out. */
#ifndef ESP_REPORT_TABLE_H
#define ESP_REPORT_TABLE_H

#include <cjson/cJSON.h>

typedef struct esp__column {
  const char *name, *label; /* in a CSV file, for people; both with the unit */
} esp__column;

/* `columns` ends with {0}. `id` is a file's name without its ending. */
cJSON *esp__table_new(const char *id, const esp__column *columns);
/* One column more, for tables whose columns are found in the runs. */
void esp__table_widen(cJSON *table, const char *name, const char *label);

/* A cell: a text, or where that is NULL a number. */
typedef struct esp__cell {
  const char *text;
  double number;
} esp__cell;
static inline esp__cell esp__text_cell(const char *text) {
  return (esp__cell){text, 0.0};
}
static inline esp__cell esp__number_cell(double number) {
  return (esp__cell){0, number};
}
/* An empty row, and a cell more in it. */
cJSON *esp__table_row_begin(cJSON *table);
void esp__table_cell(cJSON *row, esp__cell cell);
/* A row of as many cells as are given. */
void esp__table_row(cJSON *table, const esp__cell *cell, int cells);
#define ESP_TABLE_ROW(table, ...)                         \
  esp__table_row(table, (const esp__cell[]){__VA_ARGS__}, \
                 (int)(sizeof((const esp__cell[]){__VA_ARGS__}) / sizeof(esp__cell)))

int esp__table_rows(const cJSON *table);

#endif
