#include "rundir/tables.h"

#include "base/text.h"
#include "rundir/costs_csv.h"
#include "rundir/counts.h"
#include "rundir/kernels_csv.h"
#include "rundir/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- cells and rows ---- */

/* A column that stays empty where nothing was measured. */
static void print_measure(FILE *f, const esp_metrics *m, double value) {
  if (m->count > 0)
    fprintf(f, ",%.6g", value);
  else
    fputc(',', f);
}

/* Ends the text, which becomes the newest of the rows. */
static esp_status append(char **rows, esp__text *t, esp_error *err) {
  ESP_TRY(esp__text_end(t, err));
  const esp_status status = esp__rows_append(rows, t->data, err);
  esp__text_drop(t);
  return status;
}

static esp_status write_rows(const esp__report *r, const char *const *columns, const char *rows,
                             const char *path, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, path, err));
  esp__print_quality_columns(t.out, esp__parts_quality(&r->parts), columns);
  fprintf(t.out, "\n%s", rows ? rows : "");
  return esp__text_write(&t, path, err);
}

/* Not every run has such rows. */
static esp_status write_any(const esp__report *r, const char *const *columns, const char *rows,
                            const char *path, esp_error *err) {
  return rows && *rows ? write_rows(r, columns, rows, path, err) : ESP_OK;
}

/* ---- log.csv ---- */

static const char *const log_columns[] = {
    "stage",
    "epoch",
    "lr",
    "train_loss",
    "train_quality",
    "validation_loss",
    "validation_quality",
    "sparsity",
    "images_per_second",
    "seconds",
    NULL,
};

esp_status esp__tables_add_epoch(esp__position *p, const esp__parts *parts, const esp__log_row *row,
                                 esp_error *err) {
  esp__text t;
  const esp_metrics *train = &p->train, *validation = &row->validation;
  ESP_TRY(esp__text_begin(&t, "the log", err));
  fprintf(t.out, "%d,%lld,%.6g,%.6g,%.6g", p->stage, (long long)p->epoch, row->lr,
          esp_metrics_loss(train), esp_metrics_quality(train));
  print_measure(t.out, validation, esp_metrics_loss(validation));
  print_measure(t.out, validation, esp_metrics_quality(validation));
  fprintf(t.out, ",%.6g,%.1f,%.2f", row->sparsity,
          (double)train->count / (train->seconds > 0 ? train->seconds : 1), train->seconds);
  esp__parts_print(t.out, parts, train, validation);
  fputc('\n', t.out);
  return append(&p->log, &t, err);
}

static esp_status write_log(const esp__report *r, const char *path, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the log", err));
  esp__print_quality_columns(t.out, esp__parts_quality(&r->parts), log_columns);
  esp__parts_print_columns(t.out, &r->parts, "train_quality", "validation_quality");
  fputc('\n', t.out);
  if (r->position->log) fputs(r->position->log, t.out);
  return esp__text_write(&t, path, err);
}

/* ---- layers.csv ---- */

static const char *const layers_columns[] = {
    "round",       "layer",   "sparsity_requested", "sparsity", "density",
    "compression", "weights", "weights_nonzero",    "macs",     "macs_effective",
    NULL,
};

esp_status esp__tables_add_layers(esp__position *p, const esp_model *model, double requested,
                                  esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the layers", err));
  for (int i = 0; i < model->layers; i++) {
    const esp_param *w = model->layer[i].weight;
    const double all = (double)w->count, kept = (double)esp_param_nonzero(w);
    fprintf(t.out, "%d,%s,", p->stage, model->layer[i].name);
    if (!isnan(requested)) fprintf(t.out, "%.6g", requested);
    fprintf(t.out, ",%.6g,%.6g,%.6g,%zu,%zu,%.0f,%.0f\n", 1.0 - kept / all, kept / all,
            kept > 0 ? all / kept : 0.0, w->count, esp_param_nonzero(w), all * w->positions,
            kept * w->positions);
  }
  return append(&p->layers, &t, err);
}

/* ---- trials.csv ---- */

static const char *const trials_columns[] = {
    "round", "trial", "validation_quality", "validation_loss", NULL,
};

esp_status esp__tables_add_trial(esp__position *p, int trial, double quality, double loss,
                                 esp_error *err) {
  char row[128];
  snprintf(row, sizeof row, "%d,%d,%.17g,%.17g\n", p->stage, trial, quality, loss);
  return esp__rows_append(&p->trials, row, err);
}

bool esp__tables_find_trial(const esp__position *p, int trial, double *quality, double *loss) {
  int round, number;
  for (const char *row = p->trials; row && *row; row += *row == '\n') {
    if (sscanf(row, "%d,%d,%lf,%lf", &round, &number, quality, loss) == 4 && round == p->stage &&
        number == trial)
      return true;
    row += strcspn(row, "\n");
  }
  return false;
}

/* ---- sparsity.csv ---- */

static const char *const sparsity_columns[] = {
    "stage", "step", "epoch", "sparsity", NULL,
};

enum { SPARSITY_ROWS = 1000 }; /* of a stage, at most */

/* The step of the newest row, if that is of the stage; else -1. */
static int64_t newest_step(const char *rows, int of) {
  int stage;
  long long step;
  if (!rows || !*rows) return -1;
  const char *last = rows + strlen(rows) - 1;
  while (last > rows && last[-1] != '\n') last--;
  return sscanf(last, "%d,%lld", &stage, &step) == 2 && stage == of ? step : -1;
}

esp_status esp__tables_add_sparsity(esp__position *p, const esp__sparsity_row *row,
                                    esp_error *err) {
  char text[128];
  const int64_t newest = newest_step(p->sparsity, p->stage);
  if (newest >= 0 && (row->step - newest) * SPARSITY_ROWS < row->steps) return ESP_OK;
  snprintf(text, sizeof text, "%d,%lld,%.6g,%.6g\n", p->stage, (long long)row->step,
           (double)row->step / (double)row->batches, row->sparsity);
  return esp__rows_append(&p->sparsity, text, err);
}

/* ---- confusion.csv ---- */

static const char *const confusion_columns[] = {
    "round", "label", "answer", "images", NULL,
};

/* Of the results so far, that of the dense network stays: its rows stand first. */
static void keep_dense_rows(char *rows) {
  while (rows && strncmp(rows, "0,", 2) == 0) {
    rows += strcspn(rows, "\n");
    rows += *rows == '\n';
  }
  if (rows) *rows = '\0';
}

esp_status esp__tables_add_confusion(esp__position *p, int round, const int64_t *confusion,
                                     int classes, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the confusion of classes", err));
  keep_dense_rows(p->confusion);
  for (int label = 0; label < classes; label++)
    for (int answer = 0; answer < classes; answer++, confusion++)
      if (*confusion > 0)
        fprintf(t.out, "%d,%d,%d,%lld\n", round, label, answer, (long long)*confusion);
  return append(&p->confusion, &t, err);
}

/* ---- rounds.csv ---- */

static void print_cell(FILE *f, const esp__json_field *field, const esp_round *row) {
  const void *member = (const char *)row + field->offset;
  if (field->kind == ESP_JSON_SMALL)
    fprintf(f, "%d", *(const int *)member);
  else if (!isnan(*(const double *)member))
    fprintf(f, field->csv, *(const double *)member);
}

static void print_round(FILE *f, const esp__report *report, const esp__result *r) {
  const esp_round row = esp__result_row(r, report->has_dense ? &report->position->result[0] : NULL);
  for (const esp__json_field *field = esp__round_fields; field->name; field++) {
    if (!field->csv) continue;
    if (field != esp__round_fields) fputc(',', f);
    print_cell(f, field, &row);
  }
  fprintf(f, ",%s", esp__result_step(report, r));
  esp__parts_print(f, &report->parts, &r->test_before, &r->test);
  fputc('\n', f);
}

static esp_status write_rounds(const esp__report *r, const char *path, esp_error *err) {
  char name[ESP_QUALITY_COLUMN];
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the results", err));
  for (const esp__json_field *field = esp__round_fields; field->name; field++)
    if (field->csv)
      fprintf(t.out, "%s%s", field == esp__round_fields ? "" : ",",
              esp_quality_column(esp__parts_quality(&r->parts), field->name, name));
  fputs(",step", t.out);
  esp__parts_print_columns(t.out, &r->parts, "test_quality_before", "test_quality");
  fputc('\n', t.out);
  for (int i = 0; i < r->position->results; i++)
    if (r->position->result[i].round > 0) print_round(t.out, r, &r->position->result[i]);
  return esp__text_write(&t, path, err);
}

/* ---- all of them ---- */

esp_status esp__tables_write(const esp__report *r, esp_error *err) {
  const esp__position *p = r->position;
  char path[ESP_PATH_MAX];
#define IN_DIR(name) (esp__path_join(path, r->dir, name), path)
  ESP_TRY(write_log(r, IN_DIR(ESP_FILE_LOG), err));
  ESP_TRY(write_rows(r, layers_columns, p->layers, IN_DIR(ESP_FILE_LAYERS), err));
  ESP_TRY(write_rows(r, esp__kernels_columns, p->kernels, IN_DIR(ESP_FILE_KERNELS), err));
  ESP_TRY(write_rows(r, confusion_columns, p->confusion, IN_DIR(ESP_FILE_CONFUSION), err));
  ESP_TRY(write_any(r, esp__costs_columns, p->costs, IN_DIR(ESP_FILE_COSTS), err));
  ESP_TRY(write_any(r, sparsity_columns, p->sparsity, IN_DIR(ESP_FILE_SPARSITY), err));
  ESP_TRY(write_any(r, trials_columns, p->trials, IN_DIR(ESP_FILE_TRIALS), err));
  ESP_TRY(write_rounds(r, IN_DIR(ESP_FILE_ROUNDS), err));
  return esp__result_write(r, IN_DIR(ESP_FILE_RESULT), err);
#undef IN_DIR
}
