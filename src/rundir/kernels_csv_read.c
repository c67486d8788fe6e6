/* Reading kernels.csv. */
#include "rundir/kernels_csv.h"
#include "rundir/paths.h"

#include <espalier/file.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 8, FILE_MAX = 64 << 20 };

/* Cuts a line at its commas; false unless there are as many cells as columns. */
static bool cut(char *line, char *cell[COLUMNS]) {
  int count = 0;
  for (char *c; (c = strsep(&line, ",")); count++) {
    if (count == COLUMNS) return false;
    cell[count] = c;
  }
  return count == COLUMNS;
}

/* A number from 0 to 1e9, or an empty cell, which is 0. */
static bool read_number(const char *cell, double *number) {
  char *end;
  *number = strtod(cell, &end);
  return !*end && isfinite(*number) && *number >= 0.0 && *number <= 1e9;
}

static bool copy_word(char *to, size_t room, const char *from) {
  if (!*from || strlen(from) >= room) return false;
  strcpy(to, from);
  return true;
}

static bool read_pass(const char *cell, esp_propagation *pass) {
  for (int p = 0; p < ESP_PROPAGATIONS; p++) {
    *pass = (esp_propagation)p;
    if (strcmp(cell, esp_propagation_name(*pass)) == 0) return true;
  }
  return false;
}

static bool read_row(char *line, esp__kernels_row *row) {
  char *cell[COLUMNS];
  double round, density;
  *row = (esp__kernels_row){0};
  if (!cut(line, cell) || !read_number(cell[0], &round) || !read_number(cell[3], &density))
    return false;
  if (!copy_word(row->layer, sizeof row->layer, cell[1]) || !read_pass(cell[2], &row->pass))
    return false;
  if (!read_number(cell[4], &row->dense_ms) || !read_number(cell[5], &row->sparse_ms)) return false;
  row->round = (int)round;
  row->is_sparse = strcmp(cell[6], "sparse") == 0;
  return (row->is_sparse || strcmp(cell[6], "dense") == 0) &&
         copy_word(row->reason, sizeof row->reason, cell[7]);
}

static int count_lines(const char *text) {
  int count = 0;
  for (; *text; text++) count += *text == '\n';
  return count;
}

/* Keeps the rows of the newest round only. */
static esp_status parse(char *text, const char *path, esp__kernels_rows *list, esp_error *err) {
  if (!(list->row = calloc((size_t)count_lines(text) + 1, sizeof *list->row)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  const size_t header = strlen(esp__kernels_csv_header);
  if (strncmp(text, esp__kernels_csv_header, header) != 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s:1: expected the columns %.*s", path, (int)header - 1,
                    esp__kernels_csv_header);
  text += header;
  for (int number = 2; *text; number++) {
    char *line = strsep(&text, "\n");
    esp__kernels_row row;
    if (!text || !read_row(line, &row))
      return esp_fail(err, ESP_ERR_INPUT, "%s:%d: expected %d cells, as the first line names them",
                      path, number, COLUMNS);
    if (list->count > 0 && list->row[list->count - 1].round != row.round) list->count = 0;
    list->row[list->count++] = row;
  }
  return ESP_OK;
}

esp_status esp__kernels_rows_read(esp__kernels_rows *list, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX], *text = NULL;
  size_t bytes;
  *list = (esp__kernels_rows){0};
  const int length = snprintf(path, sizeof path, "%s/kernels.csv", dir);
  if (length < 0 || (size_t)length >= sizeof path || access(path, F_OK) != 0) return ESP_OK;
  ESP_TRY(esp_file_read(path, FILE_MAX, &text, &bytes, err));
  const esp_status status =
      strlen(text) == bytes ? parse(text, path, list, err)
                            : esp_fail(err, ESP_ERR_INPUT, "%s: a NUL in it; expected text", path);
  free(text);
  if (status != ESP_OK) esp__kernels_rows_free(list);
  return status;
}

void esp__kernels_rows_free(esp__kernels_rows *list) {
  free(list->row);
  *list = (esp__kernels_rows){0};
}
