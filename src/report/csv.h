/* The tables that a run leaves behind, read with distrust. */
#ifndef ESP_REPORT_CSV_H
#define ESP_REPORT_CSV_H

#include <espalier/status.h>

#include <stddef.h>

typedef struct esp_csv {
  char *text;  /* what the cells point into */
  char **cell; /* row 0 holds the names */
  int rows, columns;
} esp_csv;

/* Reads a table without quotes, of at most 64 MiB. A row whose number of cells is not that of the first ends
 * it: the rows above stay in *table, and the error says "file:line: ...". *table is always fit for freeing.
 */
esp_status esp_csv_read(esp_csv *table, const char *path, esp_error *err);
void esp_csv_free(esp_csv *table);

/* A column by its name, -1 where there is none. */
int esp_csv_column(const esp_csv *table, const char *name);
/* The cell of a row (from 1) and a column by name; "" and NAN where there is none or it holds no finite
 * number. */
const char *esp_csv_text(const esp_csv *table, int row, const char *column);
double esp_csv_number(const esp_csv *table, int row, const char *column);

#endif
