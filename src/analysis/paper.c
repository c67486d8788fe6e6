#include "analysis/paper_rows.h"

#include "base/shipped.h"
#include "config/parse.h"
#include "config/sections.h"
#include "config/stages.h"
#include "base/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the figures of the paper");
}

static char **required(const esp_paper *p, int row, int column) {
  return &p->required[(size_t)row * (size_t)p->table.columns + (size_t)column];
}

/* ---- reading ---- */

static bool is_key(const char *column) {
  return strchr(column, '.') != NULL;
}

/* NAN for an empty cell. */
static double number(const esp_paper *p, int row, int column) {
  const char *cell = esp_csv_cell(&p->table, row, column);
  return *cell ? strtod(cell, NULL) : (double)NAN;
}

static esp_status check_number(const esp_paper *p, const char *path, int row, int column,
                               double max, bool needed, esp_error *err) {
  const char *cell = esp_csv_cell(&p->table, row, column);
  char *end;
  const double value = strtod(cell, &end);
  if (!*cell && !needed) return ESP_OK;
  if (end != cell && !*end && value >= 0.0 && value <= max) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s:%d: %s = '%.60s': expected a number from 0 to %g", path,
                  p->table.line[row], p->table.name[column], cell, max);
}

/* The key's value, newly allocated. */
static char *value_text(const esp_config *c, const char *key) {
  esp_config_key found;
  if (esp__config_key(key, "", &found, NULL) != ESP_OK) return NULL;
  return esp__value_text(found.option, esp_config_key_options(c, &found));
}

/* `scratch` takes the row's values, so that 0.90 is 0.9. */
static esp_status read_row(esp_paper *p, const char *path, int row, esp_config *scratch,
                           esp_error *err) {
  char where[512];
  snprintf(where, sizeof where, "%.400s:%d", path, p->table.line[row]);
  ESP_TRY(check_number(p, path, row, p->sparsity, 1.0, true, err));
  ESP_TRY(check_number(p, path, row, p->accuracy, 100.0, true, err));
  ESP_TRY(check_number(p, path, row, p->retrain_share, 1e6, false, err));
  ESP_TRY(check_number(p, path, row, p->sd, 100.0, false, err));
  ESP_TRY(check_number(p, path, row, p->trials, 1e6, false, err));
  ESP_TRY(check_number(p, path, row, p->tolerance, 100.0, false, err));
  for (int c = 0; c < p->table.columns; c++) {
    const char *cell = esp_csv_cell(&p->table, row, c), *key = p->table.name[c];
    if (!is_key(key) || !*cell) continue;
    ESP_TRY(esp__config_set(scratch, key, cell, where, err));
    if (!(*required(p, row, c) = value_text(scratch, key))) return no_memory(err);
  }
  return ESP_OK;
}

static esp_status check_columns(esp_paper *p, const char *path, esp_error *err) {
  const struct {
    const char *name;
    int *column;
  } known[] = {{"sparsity", &p->sparsity},
               {"test_accuracy", &p->accuracy},
               {"retrain_share", &p->retrain_share},
               {"test_labels", &p->test_labels},
               {"sd", &p->sd},
               {"trials", &p->trials},
               {"tolerance", &p->tolerance},
               {"source", &p->source}};
  enum { KNOWN = sizeof known / sizeof *known };
  esp_config_key found;
  for (int k = 0; k < KNOWN; k++) *known[k].column = esp_csv_column(&p->table, known[k].name);
  if (p->sparsity < 0 || p->accuracy < 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: expected columns sparsity and test_accuracy", path);
  for (int c = 0; c < p->table.columns; c++) {
    const char *name = p->table.name[c];
    bool good = strcmp(name, "note") == 0;
    for (int k = 0; k < KNOWN; k++) good |= strcmp(name, known[k].name) == 0;
    if (esp_csv_column(&p->table, name) != c)
      return esp_fail(err, ESP_ERR_INPUT, "%s: two columns '%.60s'", path, name);
    if (is_key(name)) {
      ESP_TRY(esp__config_key(name, path, &found, err));
      continue;
    }
    if (!good)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: unknown column '%.60s'; expected section.key, or sparsity, test_labels, "
                      "retrain_share, test_accuracy, sd, trials, tolerance, source, note",
                      path, name);
  }
  return ESP_OK;
}

static esp_status read_rows(esp_paper *p, const char *path, esp_error *err) {
  esp_config scratch;
  p->required = calloc((size_t)p->table.rows * (size_t)p->table.columns + 1, sizeof *p->required);
  if (!p->required) return no_memory(err);
  ESP_TRY(esp_config_parse(&scratch, "paper", "", 0, NULL, err));
  esp_status status = ESP_OK;
  for (int r = 0; r < p->table.rows && status == ESP_OK; r++)
    status = read_row(p, path, r, &scratch, err);
  esp_config_free(&scratch);
  return status;
}

esp_status esp_paper_open(esp_paper *p, const char *name, esp_error *err) {
  char path[ESP_SHIPPED_PATH_MAX];
  *p = (esp_paper){0};
  ESP_TRY(esp__shipped_find(name, ".csv",
                            "no such paper: expected a CSV file, or the name of one that comes "
                            "with Espalier, such as renda2020",
                            path, err));
  esp_status status = esp_csv_read(&p->table, path, err);
  if (status == ESP_OK) status = check_columns(p, path, err);
  if (status == ESP_OK) status = read_rows(p, path, err);
  if (status != ESP_OK) esp_paper_free(p);
  return status;
}

void esp_paper_free(esp_paper *p) {
  const size_t cells = (size_t)p->table.rows * (size_t)p->table.columns;
  for (size_t i = 0; p->required && i < cells; i++) free(p->required[i]);
  free(p->required);
  esp_csv_free(&p->table);
  *p = (esp_paper){0};
}

/* ---- what a row is about ---- */

static bool same_share(const esp_paper *p, int row, const esp_config *c) {
  const double theirs = number(p, row, p->retrain_share);
  if (isnan(theirs) || esp__stages(c) < 2 || c->train.epochs == 0) return true;
  return fabs((double)esp__stage_epochs(c, 1, 0) / (double)c->train.epochs - theirs) <= 0.02;
}

bool esp__paper_of_network(const char *key) {
  return strncmp(key, "model.", 6) == 0 || strncmp(key, "data.", 5) == 0;
}

const char *esp__paper_mismatch(const esp_paper *p, int row, const esp_config *run, bool network) {
  for (int c = 0; c < p->table.columns; c++) {
    const char *theirs = *required(p, row, c), *key = p->table.name[c];
    if (!theirs || esp__paper_of_network(key) != network) continue;
    char *ours = value_text(run, key);
    const bool same = ours && strcmp(theirs, ours) == 0;
    free(ours);
    if (!same) return key;
  }
  const bool share = network || number(p, row, p->sparsity) == 0.0 || same_share(p, row, run);
  return share ? NULL : "retrain_share";
}

bool esp__paper_pulls_alike(const esp_paper *p, int row, const esp_config *run) {
  const int column = esp_csv_column(&p->table, "prune.regulariser");
  return number(p, row, p->sparsity) > 0.0 || strcmp(run->prune.regulariser, "none") == 0 ||
         (column >= 0 && *required(p, row, column));
}

bool esp_paper_about(const esp_paper *p, int row, const esp_config *run) {
  return !esp__paper_mismatch(p, row, run, false) && !esp__paper_mismatch(p, row, run, true);
}

bool esp__paper_same_network(const esp_paper *p, int a, int b) {
  for (int c = 0; c < p->table.columns; c++) {
    const char *one = *required(p, a, c), *other = *required(p, b, c);
    if (esp__paper_of_network(p->table.name[c]) && one != other &&
        (!one || !other || strcmp(one, other) != 0))
      return false;
  }
  return strcmp(esp__paper_test_labels(p, a), esp__paper_test_labels(p, b)) == 0;
}

const char *esp__paper_test_labels(const esp_paper *p, int row) {
  return p->test_labels < 0 ? "" : esp_csv_cell(&p->table, row, p->test_labels);
}

/* The row of the dense network that `row` started from: the first whose keys do not contradict
 * it. */
static int dense_row(const esp_paper *p, int row) {
  for (int r = 0; r < p->table.rows; r++) {
    bool same = number(p, r, p->sparsity) == 0.0;
    for (int c = 0; c < p->table.columns && same; c++) {
      const char *value = *required(p, r, c), *other = *required(p, row, c);
      same = !value || !other || strcmp(value, other) == 0;
    }
    if (same) return r;
  }
  return -1;
}

/* ---- what it says ---- */

esp_figure esp_paper_figure(const esp_paper *p, int row) {
  esp_figure f = {.sparsity = number(p, row, p->sparsity),
                  .accuracy = number(p, row, p->accuracy),
                  .change = (double)NAN,
                  .change_sd = (double)NAN,
                  .tolerance = number(p, row, p->tolerance),
                  .sd = number(p, row, p->sd),
                  .trials = number(p, row, p->trials),
                  .dense_sd = (double)NAN,
                  .dense_trials = (double)NAN};
  const int dense = f.sparsity > 0.0 ? dense_row(p, row) : -1;
  if (dense < 0) return f;
  f.change = f.accuracy - number(p, dense, p->accuracy);
  f.dense_sd = number(p, dense, p->sd);
  f.dense_trials = number(p, dense, p->trials);
  f.change_sd = isnan(f.dense_sd) ? f.sd : hypot(f.sd, f.dense_sd);
  return f;
}
