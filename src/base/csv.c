#include <espalier/csv.h>

#include <espalier/file.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 26, COLUMNS_MAX = 1024 };

/* A reader moves through the text, cutting it into cells. */
typedef struct reader {
  esp_csv *table;
  const char *path;
  char *rest;
  int line, cells, capacity;
  esp_error *err;
} reader;

static esp_status add_cell(reader *r, char *cell) {
  if (r->cells == r->capacity) {
    const int wanted = r->capacity ? 2 * r->capacity : 256;
    char **more = realloc(r->table->cell, (size_t)wanted * sizeof *more);
    if (!more) return esp_fail(r->err, ESP_ERR_MEMORY, "%s: out of memory", r->path);
    r->table->cell = more;
    r->capacity = wanted;
  }
  r->table->cell[r->cells++] = cell;
  return ESP_OK;
}

/* Takes the quotes off the cell at `from`, within its line. Returns what follows it, NULL if it has
 * no end. */
static char *unquote(char *from) {
  char *to = from;
  for (char *c = from + 1; *c && *c != '\n'; c++) {
    if (*c == '"' && c[1] != '"') {
      *to = '\0';
      return c + 1;
    }
    c += *c == '"';
    *to++ = *c;
  }
  return NULL;
}

/* Cuts a line into cells; *count of them. */
static esp_status cut_line(reader *r, int *count) {
  *count = 0;
  for (bool more = true; more; (*count)++) {
    char *cell = r->rest, *end;
    if (*count == COLUMNS_MAX)
      return esp_fail(r->err, ESP_ERR_INPUT, "%s:%d: more than %d cells", r->path, r->line,
                      COLUMNS_MAX);
    if (*cell == '"') {
      if (!(end = unquote(cell)) || !strchr(",\r\n", *end))
        return esp_fail(r->err, ESP_ERR_INPUT, "%s:%d: a cell in quotes has no end", r->path,
                        r->line);
    } else {
      end = cell + strcspn(cell, ",\r\n");
    }
    more = *end == ',';
    r->rest = end + (*end != '\0');
    if (*end == '\r' && end[1] == '\n') r->rest++;
    *end = '\0';
    ESP_TRY(add_cell(r, cell));
  }
  return ESP_OK;
}

static esp_status take_line(reader *r) {
  int count;
  esp_csv *t = r->table;
  ESP_TRY(cut_line(r, &count));
  if (t->columns == 0) {
    t->columns = count;
    t->names_line = r->line;
    t->rows = -1; /* the names are counted as a row here and taken off again */
  }
  if (count != t->columns)
    return esp_fail(r->err, ESP_ERR_INPUT, "%s:%d: %d cells, expected %d as in the first row",
                    r->path, r->line, count, t->columns);
  t->rows++;
  int *more = realloc(t->line, (size_t)(t->rows + 1) * sizeof *more);
  if (!more) return esp_fail(r->err, ESP_ERR_MEMORY, "%s: out of memory", r->path);
  t->line = more;
  if (t->rows > 0) t->line[t->rows - 1] = r->line;
  return ESP_OK;
}

static esp_status cut(reader *r) {
  while (*r->rest) {
    r->line++;
    if (*r->rest == '#' || *r->rest == '\n' || *r->rest == '\r') {
      r->rest += strcspn(r->rest, "\n");
      r->rest += *r->rest == '\n';
      continue;
    }
    ESP_TRY(take_line(r));
  }
  if (r->table->columns == 0)
    return esp_fail(r->err, ESP_ERR_INPUT,
                    "%s: empty, expected a row with the names of the columns", r->path);
  return ESP_OK;
}

esp_status esp_csv_read(esp_csv *t, const char *path, esp_error *err) {
  size_t bytes;
  *t = (esp_csv){0};
  ESP_TRY(esp_file_read(path, FILE_LIMIT, &t->text, &bytes, err));
  if (strlen(t->text) != bytes)
    return esp_fail(err, ESP_ERR_INPUT, "%s: a NUL in it; expected text", path);
  t->ended = bytes > 0 && t->text[bytes - 1] == '\n';
  reader r = {.table = t, .path = path, .rest = t->text, .err = err};
  static const char mark[] = "\xEF\xBB\xBF"; /* some programs begin UTF-8 with it */
  if (strncmp(r.rest, mark, strlen(mark)) == 0) r.rest += strlen(mark);
  const esp_status status = cut(&r);
  t->name = t->cell; /* the first row */
  return status;
}

void esp_csv_free(esp_csv *t) {
  free(t->cell);
  free(t->line);
  free(t->text);
  *t = (esp_csv){0};
}

int esp_csv_column(const esp_csv *t, const char *name) {
  for (int c = 0; c < t->columns; c++)
    if (strcmp(t->name[c], name) == 0) return c;
  return -1;
}

const char *esp_csv_cell(const esp_csv *t, int row, int column) {
  const bool there = row >= 0 && row < t->rows && column >= 0 && column < t->columns;
  return there ? t->cell[(row + 1) * t->columns + column] : "";
}

const char *esp_csv_text(const esp_csv *t, int row, const char *name) {
  return esp_csv_cell(t, row, esp_csv_column(t, name));
}

double esp_csv_number(const esp_csv *t, int row, const char *name) {
  const char *text = esp_csv_text(t, row, name);
  char *end;
  const double value = strtod(text, &end);
  return end != text && !*end && isfinite(value) ? value : (double)NAN;
}
