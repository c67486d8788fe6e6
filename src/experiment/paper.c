#include "experiment/paper.h"

#include "experiment/config_read.h"
#include "experiment/options.h"
#include "experiment/stages.h"
#include "experiment/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static bool is_key(const char *column) {
  return strchr(column, '.') != NULL;
}

/* NAN for an empty cell. */
static double number(const esp_paper *p, int row, int column) {
  const char *cell = esp_csv_cell(&p->table, row, column);
  return *cell ? strtod(cell, NULL) : (double)NAN;
}

static esp_status check_number(const esp_paper *p, const char *path, int row, int column, double max,
                               bool needed, esp_error *err) {
  const char *cell = esp_csv_cell(&p->table, row, column);
  char *end;
  const double value = strtod(cell, &end);
  if (!*cell && !needed) return ESP_OK;
  if (end != cell && !*end && value >= 0.0 && value <= max) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s:%d: %s = '%.60s': expected a number from 0 to %g", path,
                  p->table.line[row], p->table.name[column], cell, max);
}

static esp_status check_row(const esp_paper *p, const char *path, int row, esp_config *scratch,
                            esp_error *err) {
  char where[512];
  snprintf(where, sizeof where, "%.400s:%d", path, p->table.line[row]);
  ESP_TRY(check_number(p, path, row, p->sparsity, 1.0, true, err));
  ESP_TRY(check_number(p, path, row, p->accuracy, 100.0, true, err));
  ESP_TRY(check_number(p, path, row, p->retrain_share, 1e6, false, err));
  ESP_TRY(check_number(p, path, row, p->sd, 100.0, false, err));
  ESP_TRY(check_number(p, path, row, p->tolerance, 100.0, false, err));
  for (int c = 0; c < p->table.columns; c++) {
    const char *cell = esp_csv_cell(&p->table, row, c);
    if (is_key(p->table.name[c]) && *cell)
      ESP_TRY(esp_config_set(scratch, p->table.name[c], cell, where, err));
  }
  return ESP_OK;
}

static esp_status check_columns(esp_paper *p, const char *path, esp_error *err) {
  static const char *const others[] = {"trials", "note"};
  const struct {
    const char *name;
    int *column;
  } known[] = {{"sparsity", &p->sparsity},           {"test_accuracy", &p->accuracy},
               {"retrain_share", &p->retrain_share}, {"sd", &p->sd},
               {"tolerance", &p->tolerance},         {"source", &p->source}};
  enum { KNOWN = sizeof known / sizeof *known };
  for (int k = 0; k < KNOWN; k++) *known[k].column = esp_csv_column(&p->table, known[k].name);
  if (p->sparsity < 0 || p->accuracy < 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: expected columns sparsity and test_accuracy", path);
  for (int c = 0; c < p->table.columns; c++) {
    const char *name = p->table.name[c];
    bool good = is_key(name) || strcmp(name, others[0]) == 0 || strcmp(name, others[1]) == 0;
    for (int k = 0; k < KNOWN; k++) good |= strcmp(name, known[k].name) == 0;
    if (!good)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: unknown column '%.60s'; expected section.key, or sparsity, "
                      "retrain_share, test_accuracy, sd, trials, tolerance, source, note",
                      path, name);
  }
  return ESP_OK;
}

esp_status esp_paper_read(esp_paper *p, const char *path, esp_error *err) {
  esp_config scratch;
  *p = (esp_paper){0};
  esp_status status = esp_csv_read(&p->table, path, err);
  if (status == ESP_OK) status = check_columns(p, path, err);
  if (status == ESP_OK) status = esp_config_parse(&scratch, "paper", "", 0, NULL, err);
  if (status == ESP_OK) {
    for (int r = 0; r < p->table.rows && status == ESP_OK; r++) status = check_row(p, path, r, &scratch, err);
    esp_config_free(&scratch);
  }
  if (status != ESP_OK) esp_paper_free(p);
  return status;
}

void esp_paper_free(esp_paper *p) {
  esp_csv_free(&p->table);
  *p = (esp_paper){0};
}

/* ---- which rows belong together ---- */

/* "key = value" as a configuration has it, newly allocated. */
static char *value_text(const esp_config *c, const char *key) {
  const esp_section *section;
  const esp_option *option;
  char *text = NULL;
  size_t bytes;
  if (esp_config_key(key, "", &section, &option, NULL) != ESP_OK) return NULL;
  FILE *f = open_memstream(&text, &bytes);
  if (!f) return NULL;
  esp_value_print(option, (const char *)c + section->offset, f);
  fclose(f);
  return text;
}

/* Whether the run's keys are what the row asks for. `scratch` takes the row's values, so that 0.90 is 0.9. */
static bool about(const esp_paper *p, int row, const esp_config *run, esp_config *scratch) {
  bool same = true;
  for (int c = 0; c < p->table.columns && same; c++) {
    const char *cell = esp_csv_cell(&p->table, row, c), *key = p->table.name[c];
    if (!is_key(key) || !*cell) continue;
    same = esp_config_set(scratch, key, cell, "", NULL) == ESP_OK;
    char *theirs = value_text(scratch, key), *ours = value_text(run, key);
    same = same && theirs && ours && strcmp(theirs, ours) == 0;
    free(theirs);
    free(ours);
  }
  return same;
}

/* Papers round: densities may differ by a twentieth, and by two points. */
static bool same_sparsity(double ours, double theirs) {
  return fabs(ours - theirs) <= fmin(0.05 * (1.0 - theirs), 0.02) && (theirs > 0.0) == (ours > 0.0);
}

static bool same_share(const esp_paper *p, int row, const esp_config *c) {
  const double theirs = number(p, row, p->retrain_share);
  if (isnan(theirs) || esp_stages(c) < 2 || c->train.epochs == 0) return true;
  return fabs((double)esp_stage_epochs(c, 1, 0) / (double)c->train.epochs - theirs) <= 0.02;
}

/* The row of the dense network that `row` started from: the first whose keys do not contradict it. */
static int dense_row(const esp_paper *p, int row) {
  for (int r = 0; r < p->table.rows; r++) {
    bool same = number(p, r, p->sparsity) == 0.0;
    for (int c = 0; c < p->table.columns && same; c++) {
      const char *cell = esp_csv_cell(&p->table, r, c), *other = esp_csv_cell(&p->table, row, c);
      same = !is_key(p->table.name[c]) || !*cell || !*other || strcmp(cell, other) == 0;
    }
    if (same) return r;
  }
  return -1;
}

/* ---- figures ---- */

/* A deviation that is not known counts as `other`. */
static double squared(double sd, double other) {
  const double v = isnan(sd) ? other : sd;
  return v * v;
}

/* Twice the standard deviation of the difference; ours counts as theirs when we have one seed. */
static double band_of(const esp_paper *p, int row, int dense, const esp_comparison *c,
                      esp_compare_options o) {
  if (!isnan(o.tolerance)) return o.tolerance;
  const double stated = number(p, row, p->tolerance), sd = number(p, row, p->sd);
  if (!isnan(stated) || isnan(sd)) return stated;
  const double begun = c->on_change ? squared(number(p, dense, p->sd), 0.0) : 0.0,
               theirs = sqrt(sd * sd + begun);
  const double ours = 100.0 * (c->on_change ? esp_sd(&c->ours->change) : esp_sd(&c->ours->accuracy));
  return 2.0 * sqrt(theirs * theirs + squared(ours, theirs));
}

static esp_comparison compare(const esp_paper *p, int row, const esp_summary_row *ours,
                              esp_compare_options o) {
  const int dense = number(p, row, p->sparsity) > 0.0 ? dense_row(p, row) : -1;
  esp_comparison c = {.ours = ours, .theirs = row};
  c.accuracy[0] = 100.0 * esp_mean(&ours->accuracy);
  c.accuracy[1] = number(p, row, p->accuracy);
  c.difference = c.accuracy[0] - c.accuracy[1];
  c.change[0] = ours->round > 0 ? 100.0 * esp_mean(&ours->change) : (double)NAN;
  c.change[1] = dense < 0 ? (double)NAN : c.accuracy[1] - number(p, dense, p->accuracy);
  c.difference_of_change = c.change[0] - c.change[1];
  c.on_change = !o.absolute;
  const double judged = c.on_change ? c.difference_of_change : c.difference;
  c.band = isnan(judged) ? (double)NAN : band_of(p, row, dense, &c, o);
  c.inside = fabs(judged) <= c.band;
  return c;
}

/* Whether row `row` of the paper speaks of our row. */
static bool matches(const esp_paper *p, int row, const esp_sweep *s, const esp_summary_row *ours,
                    esp_config *scratch) {
  const esp_config *run = &s->run[ours->run].config;
  return same_sparsity(ours->sparsity, number(p, row, p->sparsity)) &&
         (ours->round == 0 || same_share(p, row, run)) && about(p, row, run, scratch);
}

/* Runs that share their training have one dense network: it is compared once. */
static bool seen(const esp_comparison *c, int n, int row, const esp_sweep *s, const esp_summary_row *ours) {
  const int dense = s->run[ours->run].dense;
  for (int i = 0; i < n && ours->round == 0 && dense >= 0; i++)
    if (c[i].theirs == row && c[i].ours->round == 0 && s->run[c[i].ours->run].dense == dense) return true;
  return false;
}

esp_status esp_paper_compare(const esp_paper *p, const esp_sweep *s, const esp_summary *m,
                             esp_compare_options o, esp_comparison **c, int *n, esp_error *err) {
  esp_config scratch;
  *n = 0;
  *c = NULL;
  ESP_TRY(esp_config_parse(&scratch, "paper", "", 0, NULL, err));
  esp_status status = ESP_OK;
  for (int i = 0; i < m->rows; i++)
    for (int r = 0; r < p->table.rows && status == ESP_OK; r++) {
      if (!matches(p, r, s, &m->row[i], &scratch) || seen(*c, *n, r, s, &m->row[i])) continue;
      esp_comparison *more = realloc(*c, (size_t)(*n + 1) * sizeof *more);
      if (!more) {
        status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for the comparison");
        break;
      }
      *c = more;
      more[(*n)++] = compare(p, r, &m->row[i], o);
    }
  esp_config_free(&scratch);
  if (status == ESP_OK) return ESP_OK;
  free(*c);
  *c = NULL;
  return status;
}
