/* The tables of a report, as JSON: what the page shows, what its charts draw, and what goes into CSV files.
 *
 *     {"id": "...", "columns": [{"name": "sparsity_percent", "label": "sparsity (%)"}, ...], "rows": [[...],
 * ...]}
 *
 * A number that is not finite is null. cJSON builds nothing more once memory runs out; who prints the whole
 * finds out. */
#ifndef ESP_REPORT_SHEET_H
#define ESP_REPORT_SHEET_H

#include <cjson/cJSON.h>

typedef struct esp_column {
  const char *name, *label; /* in a CSV file, for people; both with the unit */
} esp_column;

/* `columns` ends with {0}. `id` is a file's name without its ending. */
cJSON *esp_sheet_new(const char *id, const esp_column *columns);
/* One column more, for tables whose columns are found in the runs. */
void esp_sheet_widen(cJSON *sheet, const char *name, const char *label);

/* A cell: a text, or where that is NULL a number. */
typedef struct esp_cell {
  const char *text;
  double number;
} esp_cell;
static inline esp_cell esp_text_cell(const char *text) {
  return (esp_cell){text, 0.0};
}
static inline esp_cell esp_number_cell(double number) {
  return (esp_cell){0, number};
}
/* An empty row, and a cell more in it. */
cJSON *esp_sheet_row_begin(cJSON *sheet);
void esp_sheet_cell(cJSON *row, esp_cell cell);
/* A row of as many cells as are given. */
void esp_sheet_row(cJSON *sheet, const esp_cell *cell, int cells);
#define ESP_SHEET_ROW(sheet, ...)                       \
  esp_sheet_row(sheet, (const esp_cell[]){__VA_ARGS__}, \
                (int)(sizeof((const esp_cell[]){__VA_ARGS__}) / sizeof(esp_cell)))

int esp_sheet_rows(const cJSON *sheet);

#endif
