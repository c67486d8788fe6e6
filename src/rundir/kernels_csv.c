#include "rundir/kernels_csv.h"

#include "base/text.h"
#include "rundir/paths.h"

#include <espalier/csv.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

const char *const esp__kernels_columns[] = {
    "round", "layer", "pass", "density", "dense_ms", "sparse_ms", "kernels", "reason", NULL,
};

static void print_ms(FILE *f, double seconds) {
  if (seconds > 0.0)
    fprintf(f, ",%.4g", 1e3 * seconds);
  else
    fputc(',', f);
}

esp_status esp__kernels_csv_record(esp__position *p, const esp_model *model, const esp_graph *graph,
                                   esp_error *err) {
  esp__text t;
  esp_kernel_choice c;
  ESP_TRY(esp__text_begin(&t, "the kernels", err));
  for (int i = 0; esp_graph_kernel_choice(graph, i, &c); i++) {
    fprintf(t.out, "%d,%s,%s,%.6g", p->stage, esp_model_layer(model, c.weight)->name,
            esp_propagation_name(c.pass), c.density);
    print_ms(t.out, c.dense);
    print_ms(t.out, c.sparse);
    fprintf(t.out, ",%s,%s\n", c.is_sparse ? "sparse" : "dense", esp_kernel_reason_text(c.reason));
  }
  ESP_TRY(esp__text_end(&t, err));
  const esp_status status = esp__rows_append(&p->kernels, t.data, err);
  esp__text_drop(&t);
  return status;
}

/* ---- reading ---- */

/* A cell from 0 to 1e9, or an empty one, which is 0. */
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

static bool read_row(const esp_csv *t, int i, esp__kernels_row *row) {
  double round, density;
  const char *kernels = esp_csv_text(t, i, "kernels");
  *row = (esp__kernels_row){.is_sparse = strcmp(kernels, "sparse") == 0};
  if (!row->is_sparse && strcmp(kernels, "dense") != 0) return false;
  if (!read_number(esp_csv_text(t, i, "round"), &round) ||
      !read_number(esp_csv_text(t, i, "density"), &density) ||
      !read_number(esp_csv_text(t, i, "dense_ms"), &row->dense_ms) ||
      !read_number(esp_csv_text(t, i, "sparse_ms"), &row->sparse_ms))
    return false;
  row->round = (int)round;
  return copy_word(row->layer, sizeof row->layer, esp_csv_text(t, i, "layer")) &&
         read_pass(esp_csv_text(t, i, "pass"), &row->pass) &&
         copy_word(row->reason, sizeof row->reason, esp_csv_text(t, i, "reason"));
}

static esp_status check_columns(const esp_csv *t, const char *path, esp_error *err) {
  int same = 0;
  while (same < t->columns && esp__kernels_columns[same] &&
         strcmp(t->name[same], esp__kernels_columns[same]) == 0)
    same++;
  if (same == t->columns && !esp__kernels_columns[same]) return ESP_OK;
  esp__text names;
  ESP_TRY(esp__text_begin(&names, "a message", err));
  esp__print_columns(names.out, esp__kernels_columns);
  ESP_TRY(esp__text_end(&names, err));
  esp_fail(err, ESP_ERR_INPUT, "%s:1: expected the columns %s", path, names.data);
  esp__text_drop(&names);
  return ESP_ERR_INPUT;
}

/* Keeps the rows of the newest round only. */
static esp_status take_rows(esp__kernels_rows *list, const esp_csv *t, const char *path,
                            esp_error *err) {
  ESP_TRY(check_columns(t, path, err));
  if (!(list->row = calloc((size_t)t->rows + 1, sizeof *list->row)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  for (int i = 0; i < t->rows; i++) {
    esp__kernels_row row;
    if (!read_row(t, i, &row) || (i + 1 == t->rows && !t->ended))
      return esp_fail(err, ESP_ERR_INPUT, "%s:%d: expected cells as a run writes them", path,
                      t->line[i]);
    if (list->count > 0 && list->row[list->count - 1].round != row.round) list->count = 0;
    list->row[list->count++] = row;
  }
  return ESP_OK;
}

esp_status esp__kernels_rows_read(esp__kernels_rows *list, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp_csv table;
  *list = (esp__kernels_rows){0};
  if (!esp__path_exists(dir, ESP_FILE_KERNELS)) return ESP_OK;
  esp__path_join(path, dir, ESP_FILE_KERNELS);
  esp_status status = esp_csv_read(&table, path, err);
  if (status == ESP_OK) status = take_rows(list, &table, path, err);
  esp_csv_free(&table);
  if (status != ESP_OK) esp__kernels_rows_free(list);
  return status;
}

void esp__kernels_rows_free(esp__kernels_rows *list) {
  free(list->row);
  *list = (esp__kernels_rows){0};
}

/* ---- the log ---- */

/* All passes of a graph, counted. */
typedef struct summary {
  int passes, sparse, too_dense, pruned, unmeasured;
  double sparse_time,
      dense_time; /* seconds of the measured passes that run sparse, and what dense ones took */
  esp_kernel_choice slowest; /* measured pass that stays dense; weight NULL: none does */
  uint64_t set;
} summary;

static void add(summary *s, const esp_kernel_choice *c) {
  s->passes++;
  s->sparse += c->is_sparse;
  s->too_dense += c->reason == ESP_TOO_DENSE;
  s->unmeasured += c->reason == ESP_UNMEASURED;
  s->pruned += c->density < 1.0;
  s->set = esp_key_of(s->set, c->is_sparse);
  if (c->is_sparse) {
    s->sparse_time += c->sparse;
    s->dense_time += c->dense;
  } else if (c->dense > s->slowest.dense) {
    s->slowest = *c;
  }
}

static void print_line(FILE *f, const summary *s, const esp_model *model) {
  if (s->sparse == 0)
    fprintf(f, "sparse kernels: none of %d passes", s->passes);
  else
    fprintf(f, "sparse kernels: %d of %d passes", s->sparse, s->passes);
  if (s->dense_time > 0.0)
    fprintf(f, ", %.3g ms a step instead of %.3g", 1e3 * s->sparse_time, 1e3 * s->dense_time);
  if (s->too_dense > 0) fprintf(f, "; %d too dense to try", s->too_dense);
  if (s->slowest.weight)
    fprintf(f, "; the longest that stays dense: %s %s (%.3g ms, sparse %.3g)",
            esp_model_layer(model, s->slowest.weight)->name, esp_propagation_name(s->slowest.pass),
            1e3 * s->slowest.dense, 1e3 * s->slowest.sparse);
}

bool esp__kernels_csv_news(const esp_model *model, const esp_graph *graph, int stage,
                           esp__kernels_csv_said *said, char line[ESP_KERNELS_CSV_LINE]) {
  summary s = {0};
  esp_kernel_choice c;
  for (int i = 0; esp_graph_kernel_choice(graph, i, &c); i++) add(&s, &c);
  if (s.pruned == 0 || s.unmeasured > 0) return false;
  if (said->anything && said->stage == stage && said->set == s.set) return false;
  *said = (esp__kernels_csv_said){true, stage, s.set};
  FILE *f = fmemopen(line, ESP_KERNELS_CSV_LINE, "w");
  if (!f) return false;
  print_line(f, &s, model);
  return fclose(f) == 0;
}
