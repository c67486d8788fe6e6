#include "data/columns.h"

#include "base/shown.h"
#include "base/utf8.h"

#include <espalier/option.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

esp_status esp__names_add(esp__names *list, const char *name, esp_error *err) {
  char **more = realloc(list->item, ((size_t)list->count + 1) * sizeof *more);
  if (more) list->item = more;
  char *copy = more ? strdup(name) : NULL;
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "no memory for the names of columns");
  list->item[list->count++] = copy;
  return ESP_OK;
}

bool esp__names_have(const esp__names *list, const char *name) {
  for (int i = 0; i < list->count; i++)
    if (strcmp(list->item[i], name) == 0) return true;
  return false;
}

void esp__names_free(esp__names *list) {
  for (int i = 0; i < list->count; i++) free(list->item[i]);
  free(list->item);
  *list = (esp__names){0};
}

/* Cuts the spaces off. */
static char *trim(char *text) {
  text += strspn(text, " \t");
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t", text[length - 1])) length--;
  text[length] = '\0';
  return text;
}

static esp_status split(esp__names *list, char *text, const char *key, esp_error *err) {
  for (char *rest = text, *name; rest;) {
    name = rest;
    if ((rest = strpbrk(rest, ",\n"))) *rest++ = '\0';
    name = trim(name);
    if (!*name)
      return esp_fail(err, ESP_ERR_INPUT,
                      "data.%s: a name is missing; expected names of columns with commas between "
                      "them",
                      key);
    if (esp__names_have(list, name))
      return esp_fail(err, ESP_ERR_INPUT, "data.%s: '%.100s' twice; expected each column once", key,
                      ESP_SHOWN(name));
    ESP_TRY(esp__names_add(list, name, err));
  }
  return ESP_OK;
}

esp_status esp__names_split(esp__names *list, const char *text, const char *key, esp_error *err) {
  if (!text || !*text) return ESP_OK;
  char *copy = strdup(text);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "no memory for the names of columns");
  const esp_status status = split(list, copy, key, err);
  free(copy);
  return status;
}

/* ---- the table ---- */

static esp_status check_name(const esp_csv *t, const char *path, int c, esp_error *err) {
  const char *name = t->name[c];
  if (!*name)
    return esp_fail(err, ESP_ERR_INPUT, "%s:%d: column %d has no name; expected one for each", path,
                    t->names_line, c + 1);
  if (!esp__utf8_plain(name, strlen(name)) || strpbrk(name, ",;\t"))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s:%d: column %d is called '%.100s'; expected plain UTF-8 text, and "
                    "commas between columns",
                    path, t->names_line, c + 1, ESP_SHOWN(name));
  for (int before = 0; before < c; before++)
    if (strcmp(t->name[before], name) == 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s:%d: columns %d and %d are both called '%.100s'; expected a name for each",
                      path, t->names_line, before + 1, c + 1, ESP_SHOWN(name));
  return ESP_OK;
}

esp_status esp__columns_open(esp_csv *t, const char *path, esp_error *err) {
  esp_status status = esp_csv_read(t, path, err);
  for (int c = 0; status == ESP_OK && c < t->columns; c++) {
    t->name[c] = trim(t->name[c]);
    status = check_name(t, path, c, err);
  }
  if (status == ESP_OK && t->rows == 0)
    status = esp_fail(err, ESP_ERR_INPUT,
                      "%s:%d: no row below the names of the columns; expected numbers", path,
                      t->names_line);
  if (status != ESP_OK) esp_csv_free(t);
  return status;
}

/* " (data.KEY)" */
static const char *asked(const char *key, char text[64]) {
  *text = '\0';
  if (key) snprintf(text, 64, " (data.%s)", key);
  return text;
}

static esp_status fail_unknown(const esp_csv *t, const char *path, const char *name,
                               const char *key, esp_error *err) {
  char by[64];
  const char *near = NULL;
  for (int c = 0; c < t->columns; c++) near = esp_nearer(name, near, t->name[c]);
  if (near)
    return esp_fail(err, ESP_ERR_INPUT, "%s:%d: no column '%.100s'%s; did you mean '%.100s'?", path,
                    t->names_line, ESP_SHOWN(name), asked(key, by), ESP_SHOWN(near));
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s:%d: no column '%.100s'%s; expected one of %d, from '%.60s' "
                  "to '%.60s'",
                  path, t->names_line, ESP_SHOWN(name), asked(key, by), t->columns,
                  ESP_SHOWN(t->name[0]), ESP_SHOWN(t->name[t->columns - 1]));
}

esp_status esp__columns_find(const esp_csv *t, const char *path, char *const *name, int names,
                             const char *key, int *column, esp_error *err) {
  for (int i = 0; i < names; i++)
    if ((column[i] = esp_csv_column(t, name[i])) < 0)
      return fail_unknown(t, path, name[i], key, err);
  return ESP_OK;
}

/* A number in decimal notation, with spaces around it, that is finite in single precision. */
static bool read_number(const char *text, float *value) {
  char *end;
  text += strspn(text, " \t");
  const size_t digits = strspn(text, "0123456789+-.eE");
  *value = (float)strtod(text, &end);
  return end != text && end <= text + digits && !end[strspn(end, " \t")] && isfinite(*value);
}

bool esp__column_is_numbers(const esp_csv *t, int column) {
  float value;
  for (int row = 0; row < t->rows; row++)
    if (!read_number(esp_csv_cell(t, row, column), &value)) return false;
  return true;
}

esp_status esp__columns_take(const esp_csv *t, const char *path, int row, const int *column,
                             int columns, float *value, esp_error *err) {
  for (int i = 0; i < columns; i++) {
    const char *cell = esp_csv_cell(t, row, column[i]), *name = t->name[column[i]];
    if (read_number(cell, &value[i])) continue;
    if (!cell[strspn(cell, " \t")])
      return esp_fail(err, ESP_ERR_INPUT, "%s:%d: column '%.100s': empty; expected a number", path,
                      t->line[row], ESP_SHOWN(name));
    return esp_fail(err, ESP_ERR_INPUT, "%s:%d: column '%.100s': '%.60s'; expected a finite number",
                    path, t->line[row], ESP_SHOWN(name), ESP_SHOWN(cell));
  }
  return ESP_OK;
}

/* ---- for others ---- */

static esp_status read_rows(esp_columns *c, const esp_csv *t, const char *path, char *const *name,
                            int names, int *column, esp_error *err) {
  ESP_TRY(esp__columns_find(t, path, name, names, NULL, column, err));
  for (c->rows = 0; c->rows < t->rows; c->rows++) {
    c->line[c->rows] = t->line[c->rows];
    ESP_TRY(esp__columns_take(t, path, c->rows, column, names,
                              c->value + (size_t)c->rows * (size_t)names, err));
  }
  return ESP_OK;
}

esp_status esp_columns_read(esp_columns *c, const char *path, char *const *name, int names,
                            esp_error *err) {
  esp_csv t;
  *c = (esp_columns){0};
  ESP_TRY(esp__columns_open(&t, path, err));
  int *column = calloc((size_t)names + 1, sizeof *column);
  c->value = calloc((size_t)t.rows, (size_t)names * sizeof *c->value);
  c->line = calloc((size_t)t.rows, sizeof *c->line);
  const esp_status status = column && c->value && c->line
                                ? read_rows(c, &t, path, name, names, column, err)
                                : esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for its rows", path);
  free(column);
  esp_csv_free(&t);
  if (status != ESP_OK) esp_columns_free(c);
  return status;
}

void esp_columns_free(esp_columns *c) {
  free(c->value);
  free(c->line);
  *c = (esp_columns){0};
}
