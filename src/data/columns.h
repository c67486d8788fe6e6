/* Columns of a table, by their names. */
#ifndef ESP_DATA_COLUMNS_H
#define ESP_DATA_COLUMNS_H

#include <espalier/csv.h>
#include <espalier/data.h>

/* A list of names. */
typedef struct esp__names {
  char **item; /* [count], each from malloc */
  int count;
} esp__names;
/* Appends a copy. */
esp_status esp__names_add(esp__names *list, const char *name, esp_error *err);
bool esp__names_have(const esp__names *list, const char *name);
void esp__names_free(esp__names *list);
/* Adds what stands between the commas and line ends of `text`, the value of data.`key`, without
 * spaces around it. Fails where a name is empty, or there twice. */
esp_status esp__names_split(esp__names *list, const char *text, const char *key, esp_error *err);

/* Reads the table, and takes the spaces off around the names of its columns. Fails where a name is
 * empty, there twice, or no plain UTF-8 text without commas and semicolons;
 * where there is no row. */
esp_status esp__columns_open(esp_csv *t, const char *path, esp_error *err);
/* Finds the columns; `key` is what asks for them, for messages, or NULL. */
esp_status esp__columns_find(const esp_csv *t, const char *path, char *const *name, int names,
                             const char *key, int *column, esp_error *err);
/* Whether all cells of the column are such numbers. */
bool esp__column_is_numbers(const esp_csv *t, int column);
/* Takes a row's cells in these columns. */
esp_status esp__columns_take(const esp_csv *t, const char *path, int row, const int *column,
                             int columns, float *value, esp_error *err);

#endif
