/* What pruning one layer alone costs, where `espalier sensitivity` has measured it: a heat map per
 * run, its columns the sparsities. */
#include "report/report_data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RUNS_MAX = 8, COLUMNS_MAX = 64 };

/* The sparsities that a layer was tried at, each once, in their order; how many. The first row is
 * the network that nothing is pruned of. */
static int sparsities(const esp_csv *t, double to[COLUMNS_MAX]) {
  int n = 0;
  for (int row = 1; row < t->rows; row++) {
    const double s = esp_csv_number(t, row, "sparsity_requested");
    int i = 0;
    while (i < n && to[i] != s) i++;
    if (i == n && n < COLUMNS_MAX && isfinite(s)) to[n++] = s;
  }
  return n;
}

/* In hundredths, as cells are coloured from 0 to 100. */
static double quality_at(const esp__run_record *r, int row) {
  char name[ESP_QUALITY_COLUMN];
  return 100.0 * esp_csv_number(&r->sensitivity, row,
                                esp_quality_column(esp_config_quality(&r->config),
                                                   "validation_quality", name));
}

static double quality_of(const esp__run_record *r, const char *layer, double sparsity) {
  const esp_csv *t = &r->sensitivity;
  for (int row = 1; row < t->rows; row++)
    if (strcmp(esp_csv_text(t, row, "layer"), layer) == 0 &&
        esp_csv_number(t, row, "sparsity_requested") == sparsity)
      return quality_at(r, row);
  return (double)NAN;
}

static cJSON *table_of(const esp__run_record *r, const char *id) {
  const esp_csv *t = &r->sensitivity;
  double sparsity[COLUMNS_MAX];
  char label[32];
  const int n = sparsities(t, sparsity);
  cJSON *table = esp__table_new(id, (const esp__column[]){{"layer", "layer"}, {0}});
  for (int i = 0; i < n; i++) {
    snprintf(label, sizeof label, "%.4g %%", 100.0 * sparsity[i]);
    esp__table_widen(table, label, label);
  }
  for (int row = 1; row < t->rows; row++) {
    const char *layer = esp_csv_text(t, row, "layer");
    if (strcmp(layer, esp_csv_text(t, row - 1, "layer")) == 0) continue;
    cJSON *cells = esp__table_row_begin(table);
    esp__table_cell(cells, esp__text_cell(layer));
    for (int i = 0; i < n; i++)
      esp__table_cell(cells, esp__number_cell(quality_of(r, layer, sparsity[i])));
  }
  return table;
}

static void add_run(cJSON *report, const esp__run_record *r, int number) {
  char id[32], note[256];
  snprintf(id, sizeof id, "sensitivity-%d", number);
  snprintf(note, sizeof note,
           "Validation %s (%%) when a layer (row) alone is pruned to a sparsity (column), not "
           "retrained; nothing pruned: %.2f.",
           esp_config_quality(&r->config)->title, quality_at(r, 0));
  cJSON *chart = esp__chart_add(report, (esp__chart){id, r->name, note, "heat"});
  esp__chart_axis(chart, "x", "sparsity of the layer", "linear");
  esp__chart_axis(chart, "y", "layer", "linear");
  esp__report_table_of(report, chart, table_of(r, id));
}

void esp__add_sensitivity(cJSON *report, const esp__report_data *data) {
  int measured = 0;
  for (int i = 0; i < data->runs.count; i++) {
    if (data->runs.item[i].sensitivity.rows < 2) continue;
    if (++measured <= RUNS_MAX) add_run(report, &data->runs.item[i], measured);
  }
  if (measured > RUNS_MAX)
    esp__report_note(report, "sensitivity was measured in %d runs; it is shown for the first %d",
                     measured, RUNS_MAX);
}
