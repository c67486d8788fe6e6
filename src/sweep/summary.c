#include "sweep/summary.h"

#include "config/fingerprint.h"
#include "rundir/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the summary of the sweep");
}

/* ---- who belongs together ---- */

/* By what the values are: side by side, a list has the same one several times. */
static bool same_but_seed(const esp_sweep *s, int a, int b) {
  for (int i = 0; i < s->axes; i++) {
    const esp_axis *axis = &s->axis[i];
    const char *x = axis->value[s->run[a].choice[i]], *y = axis->value[s->run[b].choice[i]];
    if (strcmp(axis->key, "run.seed") != 0 && strcmp(x, y) != 0) return false;
  }
  return true;
}

static const esp_round *round_of(const esp_results *r, int number) {
  for (int i = 0; i < r->rounds; i++)
    if (r->round[i].round == number) return &r->round[i];
  return NULL;
}

double esp__summary_dense(const esp__summary *m, int i) {
  const esp_round *dense = m->dense[i] < 0 ? NULL : esp_results_dense(&m->result[m->dense[i]]);
  return dense ? dense->test_quality : (double)NAN;
}

static esp_status find_dense(esp__summary *m, const esp_sweep *s, esp_error *err) {
  const esp_config **run = calloc((size_t)s->runs, sizeof *run);
  bool *has_dense = calloc((size_t)s->runs, sizeof *has_dense);
  for (int i = 0; i < s->runs && run && has_dense; i++) {
    run[i] = &s->run[i].config;
    has_dense[i] = esp_results_dense(&m->result[i]) != NULL;
  }
  const esp_status status =
      run && has_dense ? esp__dense_runs(run, has_dense, s->runs, m->dense, err) : no_memory(err);
  free(run);
  free(has_dense);
  return status;
}

/* ---- rows ---- */

/* The figures of all runs of the row. */
static void fill_row(const esp__summary *m, const esp_sweep *s, esp__summary_row *row) {
  esp_stats_moments sparsity = {0};
  for (int i = row->run; i < s->runs; i++) {
    const esp_round *r = round_of(&m->result[i], row->round);
    if (!r || !same_but_seed(s, row->run, i)) continue;
    esp_stats_moments_add(&row->quality, r->test_quality);
    esp_stats_moments_add(&row->dense, esp__summary_dense(m, i));
    esp_stats_moments_add(&row->change, r->test_quality - esp__summary_dense(m, i));
    esp_stats_moments_add(&row->bytes, r->bytes);
    esp_stats_moments_add(&sparsity, r->sparsity);
  }
  row->sparsity = esp_stats_mean(&sparsity);
}

static bool first_of_its_kind(const esp__summary *m, const esp_sweep *s, int i) {
  for (int k = s->denses; k < i; k++)
    if (m->result[k].rounds > 0 && same_but_seed(s, k, i)) return false;
  return m->result[i].rounds > 0;
}

static esp_status make_rows(esp__summary *m, const esp_sweep *s, esp_error *err) {
  int rows = 0;
  for (int i = s->denses; i < s->runs; i++) rows += m->result[i].rounds;
  if (!(m->row = calloc((size_t)rows + 1, sizeof *m->row))) return no_memory(err);
  for (int i = s->denses; i < s->runs; i++) {
    if (!first_of_its_kind(m, s, i)) continue;
    for (int k = 0; k < m->result[i].rounds; k++) {
      const esp_round *r = &m->result[i].round[k];
      esp__summary_row *row = &m->row[m->rows++];
      *row = (esp__summary_row){.run = i, .round = r->round};
      fill_row(m, s, row);
      if (m->rows == 1 || row->quality.n < m->seeds) m->seeds = row->quality.n;
    }
  }
  return ESP_OK;
}

/* The results of run i. Those of a run that has finished must be readable: a table without them
 * would be another. */
static esp_status read_results(esp__summary *m, const esp_sweep *s, int i, esp_error *err) {
  char path[4096], file[4200];
  esp_error why;
  esp_sweep_path(s, i, path);
  snprintf(file, sizeof file, "%s/" ESP_FILE_RESULT, path);
  const bool there = access(file, F_OK) == 0; /* asked first: another share may be writing it */
  const esp_status status = esp_results_read(&m->result[i], path, &why);
  if (status == ESP_OK) return ESP_OK;
  m->result[i] = (esp_results){0};
  const bool lost = status == ESP_ERR_MEMORY || s->run[i].state == ESP_SWEEP_FINISHED ||
                    (status == ESP_ERR_IO && there);
  return lost ? esp_fail(err, status, "%s", why.text) : ESP_OK;
}

esp_status esp__summary_make(esp__summary *m, const esp_sweep *s, esp_error *err) {
  *m = (esp__summary){.runs = s->runs, .quality = esp_sweep_quality(s)};
  m->result = calloc((size_t)s->runs, sizeof *m->result);
  m->dense = calloc((size_t)s->runs, sizeof *m->dense);
  esp_status status = m->result && m->dense ? ESP_OK : no_memory(err);
  for (int i = 0; i < s->runs && status == ESP_OK; i++) status = read_results(m, s, i, err);
  if (status == ESP_OK) status = find_dense(m, s, err);
  if (status == ESP_OK) status = make_rows(m, s, err);
  if (status != ESP_OK) esp__summary_free(m);
  return status;
}

void esp__summary_free(esp__summary *m) {
  for (int i = 0; m->result && i < m->runs; i++) esp_results_free(&m->result[i]);
  free(m->result);
  free(m->dense);
  free(m->row);
  *m = (esp__summary){0};
}
