/* sweep.csv, summary.csv, and the table at the end of a sweep. */
#include "base/text.h"
#include "rundir/paths.h"
#include "sweep/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 0 for what is left of figures that cancel, 1e-18. */
static double without_noise(double value) {
  return fabs(value) < 1e-12 ? 0.0 : value;
}

/* Counts to the last digit. */
static void print_number(FILE *f, double number) {
  const double value = without_noise(number);
  if (isnan(value))
    fputc(',', f);
  else if (value == floor(value) && fabs(value) < 0x1p53)
    fprintf(f, ",%.0f", value);
  else
    fprintf(f, ",%.6g", value);
}

static const char *value_of(const esp_sweep *s, int run, int axis) {
  return s->axis[axis].value[s->run[run].choice[axis]];
}

static bool is_seed(const esp_sweep *s, int axis) {
  return strcmp(s->axis[axis].key, "run.seed") == 0;
}

/* ---- sweep.csv ---- */

static const char *const sweep_columns[] = {
    "round",
    "sparsity_requested",
    "sparsity",
    "weights_nonzero",
    "bytes",
    "macs_effective",
    "test_quality_before",
    "test_quality",
    "test_quality_dense",
    "test_top5",
    "test_loss",
    "validation_quality",
    "train_images_per_second",
    "seconds",
    "weights_sha256",
    NULL,
};

static void print_round(FILE *f, const esp_sweep *s, const esp__summary *m, int run,
                        const esp_round *r) {
  esp__print_csv_cell(f, s->run[run].name);
  for (int a = 0; a < s->axes; a++) {
    fputc(',', f);
    esp__print_csv_cell(f, value_of(s, run, a));
  }
  fprintf(f, ",%d", r->round);
  const double all[] = {r->sparsity_requested,
                        r->sparsity,
                        r->weights_nonzero,
                        r->bytes,
                        r->macs_effective,
                        r->test_quality_before,
                        r->test_quality,
                        esp__summary_dense(m, run),
                        r->test_top5,
                        r->test_loss,
                        r->validation_quality,
                        r->train_images_per_second,
                        r->seconds};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) print_number(f, all[i]);
  fprintf(f, ",%s\n", m->result[run].sha256);
}

static void print_runs(FILE *f, const esp_sweep *s, const esp__summary *m) {
  fputs("run", f);
  for (int a = 0; a < s->axes; a++) fprintf(f, ",%s", s->axis[a].key);
  fputc(',', f);
  esp__print_quality_columns(f, m->quality, sweep_columns);
  fputc('\n', f);
  for (int i = s->denses; i < s->runs; i++)
    for (int k = 0; k < m->result[i].rounds; k++) print_round(f, s, m, i, &m->result[i].round[k]);
}

/* ---- summary.csv ---- */

static const char *const summary_columns[] = {
    "round",           "sparsity",   "runs",     "test_quality_mean",
    "test_quality_sd", "dense_mean", "dense_sd", "change_mean",
    "change_sd",       "bytes_mean", NULL,
};

static void print_summary(FILE *f, const esp_sweep *s, const esp__summary *m) {
  for (int a = 0; a < s->axes; a++)
    if (!is_seed(s, a)) fprintf(f, "%s,", s->axis[a].key);
  esp__print_quality_columns(f, m->quality, summary_columns);
  fputc('\n', f);
  for (int i = 0; i < m->rows; i++) {
    const esp__summary_row *r = &m->row[i];
    for (int a = 0; a < s->axes; a++) {
      if (is_seed(s, a)) continue;
      esp__print_csv_cell(f, value_of(s, r->run, a));
      fputc(',', f);
    }
    fprintf(f, "%d", r->round);
    print_number(f, r->sparsity);
    fprintf(f, ",%d", r->quality.n);
    const esp_stats_moments *all[] = {&r->quality, &r->dense, &r->change};
    for (int k = 0; k < 3; k++) {
      print_number(f, esp_stats_mean(all[k]));
      print_number(f, esp_stats_sd(all[k]));
    }
    print_number(f, esp_stats_mean(&r->bytes));
    fputc('\n', f);
  }
}

typedef void printer(FILE *f, const esp_sweep *s, const esp__summary *m);

static esp_status write(const esp_sweep *s, const esp__summary *m, const char *name, printer *print,
                        esp_error *err) {
  char path[ESP_PATH_MAX];
  esp__text t;
  ESP_TRY(esp__path_make(path, s->dir, name, err));
  ESP_TRY(esp__text_begin(&t, name, err));
  print(t.out, s, m);
  return esp__text_write(&t, path, err);
}

esp_status esp_sweep_report(const esp_sweep *s, esp_error *err) {
  esp__summary m;
  ESP_TRY(esp__summary_make(&m, s, err));
  esp_status status = write(s, &m, ESP_FILE_SWEEP_RUNS, print_runs, err);
  if (status == ESP_OK) status = write(s, &m, ESP_FILE_SWEEP_SUMMARY, print_summary, err);
  esp__summary_free(&m);
  return status;
}

/* ---- the table ---- */

enum { WIDTH_MAX = 24 };

static int width_of(const esp_sweep *s, int axis) {
  size_t width = strlen(s->axis[axis].key);
  for (int v = 0; v < s->axis[axis].values; v++) {
    const size_t here = strlen(s->axis[axis].value[v]);
    if (here > width) width = here;
  }
  return width < WIDTH_MAX ? (int)width : WIDTH_MAX;
}

static void print_axes(FILE *out, const esp_sweep *s, int run) {
  for (int a = 0; a < s->axes; a++) {
    if (is_seed(s, a)) continue;
    esp__print_line(out, run < 0 ? s->axis[a].key : value_of(s, run, a), width_of(s, a));
    fputs("  ", out);
  }
}

static void print_percent(FILE *out, const char *format, double share) {
  char text[32] = "-";
  if (!isnan(share)) snprintf(text, sizeof text, format, 100.0 * without_noise(share));
  fprintf(out, " %8s", text);
}

static void print_bytes(FILE *out, double bytes) {
  if (isnan(bytes))
    fprintf(out, " %10s", "-");
  else
    fprintf(out, " %10.0f", bytes);
}

static void print_quality(FILE *out, const esp_quality *q, double value, bool sign) {
  char text[ESP_QUALITY_TEXT];
  fprintf(out, " %8s", esp_quality_number(q, without_noise(value), sign, text));
}

static void print_row(FILE *out, const esp_sweep *s, const esp_quality *q,
                      const esp__summary_row *r) {
  print_axes(out, s, r->run);
  fprintf(out, "%5d", r->round);
  print_percent(out, "%.2f", r->sparsity);
  fprintf(out, " %4d", r->quality.n);
  print_quality(out, q, esp_stats_mean(&r->dense), false);
  print_quality(out, q, esp_stats_mean(&r->quality), false);
  print_quality(out, q, esp_stats_sd(&r->quality), false);
  print_quality(out, q, esp_stats_mean(&r->change), true);
  print_quality(out, q, esp_stats_sd(&r->change), false);
  print_bytes(out, esp_stats_mean(&r->bytes));
  fputc('\n', out);
}

/* Rows of dense networks say no more than the column of the others; they are left out where there
 * are others. */
static bool shown(const esp__summary *m, int i) {
  return m->row[i].round > 0 || i + 1 == m->rows || m->row[i + 1].run != m->row[i].run;
}

esp_status esp_sweep_table(const esp_sweep *s, FILE *out, esp_error *err) {
  esp__summary m;
  ESP_TRY(esp__summary_make(&m, s, err));
  if (m.rows > 0) {
    fputc('\n', out);
    print_axes(out, s, -1);
    fprintf(out, "%5s %8s %4s %8s %8s %8s %8s %8s %10s\n", "round", "sparsity", "runs", "dense",
            m.quality->label, "sd", "change", "sd", "bytes");
  }
  for (int i = 0; i < m.rows; i++)
    if (shown(&m, i)) print_row(out, s, m.quality, &m.row[i]);
  if (m.rows > 0)
    fprintf(out, "%s in %%; change: %s - dense, run by run; sd: of a sample, over the seeds\n",
            *m.quality->unit ? "all but bytes (of the packed file)" : "sparsity", m.quality->label);
  if (m.rows > 0 && m.seeds < 2)
    fputs(
        "warning: some rows are one seed, so nothing says what is chance; sweep run.seed = 1 2 3\n",
        out);
  esp__summary_free(&m);
  return ESP_OK;
}
