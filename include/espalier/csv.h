/* Tables in files: comma-separated, the first row names the columns. */
#ifndef ESP_CSV_H
#define ESP_CSV_H

#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stdbool.h>

ESP_BEGIN_DECLS

typedef struct esp_csv {
  int rows, columns; /* the names not counted */
  char **name;       /* [columns]; the beginning of cell */
  char **cell;       /* [1 + rows][columns] */
  int *line;         /* of each row, in the file */
  int names_line;    /* of the names, in the file */
  bool ended;        /* the last line has its end: nothing is cut off there */
  char *text;        /* what all of them point into */
} esp_csv;

/* Reads `path`: at most 64 MiB; cells may stand in double quotes, on one line (RFC 4180); lines
 * that begin with '#' and empty ones are left out. Errors: a NUL; no names; a row with another
 * number of cells; a quote without an end. On failure the rows above the damaged one are in *t: it
 * is always fit for use, and for freeing. */
esp_status esp_csv_read(esp_csv *t, const char *path, esp_error *err);
void esp_csv_free(esp_csv *t);
/* The index of the column, -1 when there is none. */
int esp_csv_column(const esp_csv *t, const char *name);
/* A cell; "" where there is no such row or column. */
const char *esp_csv_cell(const esp_csv *t, int row, int column);
/* A cell in the column of that name; NAN where there is none or it holds no finite number. */
const char *esp_csv_text(const esp_csv *t, int row, const char *name);
double esp_csv_number(const esp_csv *t, int row, const char *name);

ESP_END_DECLS

#endif
