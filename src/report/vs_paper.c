/* The figures of a paper beside ours. */
#include "base/json.h"
#include "report/report_data.h"

#include <math.h>
#include <stdlib.h>

#define OF(member) offsetof(esp__point, member)

/* What is drawn over sparsity: of ours a member of a point, of theirs members of a figure. */
typedef struct measure {
  const char *id, *title, *note, *label;
  esp__column column;
  size_t ours, theirs, sd;
} measure;

#define THEIR(member) offsetof(esp_figure, member)
static const measure measures[] = {
    {"paper-change",
     "Change to the dense network",
     "Accuracy less that of the dense network, run by run. "
     "It depends less on data and recipe than the accuracy itself.",
     "change of test accuracy (% points)",
     {"change_points", "change (% points)"},
     OF(change),
     THEIR(change),
     THEIR(change_sd)},
    {"paper-accuracy",
     "Accuracy",
     "As measured, here and there.",
     "test accuracy, top-1 (%)",
     {"accuracy_percent", "test accuracy (%)"},
     OF(quality),
     THEIR(accuracy),
     THEIR(sd)},
};

static double figure_value(const esp_figure *data, size_t offset) {
  return *(const double *)((const char *)data + offset);
}

static const esp_config *config_of(const esp__report_data *data, int level) {
  return &data->runs.item[data->points.item[level].run].config;
}

/* Whether the paper has such pruned networks, at whatever sparsity. */
static bool is_known(const esp__report_data *data, int level) {
  for (int r = 0; r < data->paper.table.rows; r++)
    if (esp_paper_figure(&data->paper, r).sparsity > 0.0 &&
        esp_paper_about(&data->paper, r, config_of(data, level)))
      return true;
  return false;
}

/* ---- curves ---- */

/* The level as a network of the series of the point `of`. */
static void add_ours(cJSON *table, const esp__report_data *data, const measure *m, int level,
                     int of) {
  const esp__points *p = &data->points;
  const int end = esp__level_end(p, level);
  const esp_stats_moments x = esp__level_moments(p, level, end, OF(sparsity));
  const esp_stats_moments y = esp__level_moments(p, level, end, m->ours);
  if (y.n == 0) return;
  ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, of)), esp__text_cell("ours"),
                esp__number_cell(p->item[level].round == 0 ? 0.0 : 100.0 * esp_stats_mean(&x)),
                esp__number_cell(100.0 * esp_stats_mean(&y)),
                esp__number_cell(100.0 * esp_stats_sd(&y)), esp__text_cell(""));
}

/* The row with the least sparsity above that of row `after`; of equal ones the next. -1 = none is
 * left. */
static int next_row(const esp__report_data *data, const esp_config *run, int after) {
  const esp_paper *p = &data->paper;
  const double least = after < 0 ? -1.0 : esp_paper_figure(p, after).sparsity;
  int next = -1;
  for (int r = 0; r < p->table.rows; r++) {
    const double s = esp_paper_figure(p, r).sparsity;
    if (!(s > least || (s == least && r > after)) || !esp_paper_about(p, r, run)) continue;
    if (next < 0 || s < esp_paper_figure(p, next).sparsity) next = r;
  }
  return next;
}

/* All that the paper has of the series, also at sparsities that we have not. */
static void add_theirs(cJSON *table, const esp__report_data *data, const measure *m, int level) {
  const esp_config *run = config_of(data, level);
  for (int r = next_row(data, run, -1); r >= 0; r = next_row(data, run, r)) {
    const esp_figure theirs = esp_paper_figure(&data->paper, r);
    const bool dense = theirs.sparsity == 0.0 && m->theirs == THEIR(change);
    ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, level)), esp__text_cell("paper"),
                  esp__number_cell(100.0 * theirs.sparsity),
                  esp__number_cell(dense ? 0.0 : figure_value(&theirs, m->theirs)),
                  esp__number_cell(figure_value(&theirs, m->sd)),
                  esp__text_cell(esp_csv_cell(&data->paper.table, r, data->paper.source)));
  }
}

/* Each series begins with its dense network, also where that was trained by another one. */
static void add_curves(cJSON *table, const esp__report_data *data, const measure *m) {
  const esp__points *p = &data->points;
  for (int first = 0, end; first < p->count; first = end) {
    end = esp__level_end(p, first);
    if (!is_known(data, first)) continue;
    const int dense = esp__dense_level(p, &data->diff, first);
    if (dense >= 0 && (first == 0 || !esp__same_series(p, first - 1, first)))
      add_ours(table, data, m, dense, first);
    if (p->item[first].round > 0) add_ours(table, data, m, first, first);
    if (end == p->count || !esp__same_series(p, first, end)) add_theirs(table, data, m, first);
  }
}

/* Of a paper without a dense network there are no changes, nor of runs without one. */
static bool has_numbers(const cJSON *table) {
  const cJSON *row;
  cJSON_ArrayForEach(row, cJSON_GetObjectItem(table, "rows")) if (cJSON_IsNumber(cJSON_GetArrayItem(
                                                                      row, 3))) return true;
  return false;
}

static void add_chart(cJSON *report, const esp__report_data *data, const measure *m) {
  const esp__column columns[] = {{"series", "series"},
                                 {"whose", "whose"},
                                 {"sparsity_percent", "sparsity (%)"},
                                 m->column,
                                 {"sd_points", "sd (% points)"},
                                 {"source", "source"},
                                 {0}};
  cJSON *table = esp__table_new(m->id, columns);
  add_curves(table, data, m);
  if (!has_numbers(table)) {
    cJSON_Delete(table);
    return;
  }
  cJSON *chart = esp__chart_add(report, (esp__chart){m->id, m->title, m->note, "beside"});
  esp__json_put(chart, "whose", cJSON_CreateStringArray((const char *const[]){"ours", "paper"}, 2));
  esp__chart_axis(chart, "x", "sparsity (%)", "linear");
  esp__chart_axis(chart, "y", m->label, "linear");
  esp__report_table_of(report, chart, table);
}

/* ---- the comparison ---- */

/* Runs that share their training have equal dense networks: the first of them. */
static int same_dense(const esp_measured *ours, int levels, const esp_measured *one) {
  if (one->round > 0) return -1;
  for (int i = 0; i < levels; i++)
    if (ours[i].round == 0 && ours[i].accuracy.n == one->accuracy.n &&
        ours[i].accuracy.mean == one->accuracy.mean)
      return i;
  return levels;
}

static const char *test_labels_of(const esp__run_record *r) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(r->result, "test_labels_sha256");
  return cJSON_IsString(item) ? item->valuestring : "";
}

/* The networks of all levels, *first[i] being where the i-th begins; returns how many, -1 when
 * memory is out. */
static int measure_levels(const esp__report_data *data, esp_measured **ours, int **first) {
  const esp__points *p = &data->points;
  int levels = 0;
  *ours = calloc((size_t)p->count + 1, sizeof **ours);
  *first = calloc((size_t)p->count + 1, sizeof **first);
  if (!*ours || !*first) return -1;
  for (int i = 0, end; i < p->count; i = end) {
    end = esp__level_end(p, i);
    const esp_stats_moments sparsity = esp__level_moments(p, i, end, OF(sparsity));
    esp_measured one = {.config = config_of(data, i),
                        .test_labels = test_labels_of(&data->runs.item[p->item[i].run]),
                        .round = p->item[i].round,
                        .sparsity = p->item[i].round == 0 ? 0.0 : esp_stats_mean(&sparsity),
                        .accuracy = esp__level_moments(p, i, end, OF(quality)),
                        .change = esp__level_moments(p, i, end, OF(change))};
    one.training = same_dense(*ours, levels, &one);
    (*first)[levels] = i;
    (*ours)[levels++] = one;
  }
  return levels;
}

static const esp__column columns[] = {
    {"series", "series"},
    {"sparsity_percent", "sparsity (%)"},
    {"seeds", "seeds"},
    {"accuracy_percent", "test accuracy (%)"},
    {"paper_accuracy_percent", "in the paper (%)"},
    {"accuracy_difference_points", "accuracy, difference (% points)"},
    {"change_points", "change (% points)"},
    {"paper_change_points", "in the paper (% points)"},
    {"change_difference_points", "change, difference (% points)"},
    {"band_points", "band (% points)"},
    {"verdict", "verdict"},
    {"source", "source"},
    {0}};

static void add_comparison(cJSON *table, const esp__report_data *data, const esp_comparison *c,
                           const esp_measured *ours, int first) {
  ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, first)),
                esp__number_cell(100.0 * ours->sparsity), esp__number_cell(ours->accuracy.n),
                esp__number_cell(c->accuracy[0]), esp__number_cell(c->accuracy[1]),
                esp__number_cell(c->difference), esp__number_cell(c->change[0]),
                esp__number_cell(c->change[1]), esp__number_cell(c->difference_of_change),
                esp__number_cell(c->band), esp__text_cell(esp_paper_verdict(c)),
                esp__text_cell(esp_csv_cell(&data->paper.table, c->theirs, data->paper.source)));
}

/* *n: rows of the table. */
static esp_status add_table(cJSON *report, const esp__report_data *data, int *n, esp_error *err) {
  const esp_compare_options as_the_paper_says = {.tolerance = (double)NAN};
  esp_measured *ours;
  int *first;
  esp_comparison *c = NULL;
  const int levels = measure_levels(data, &ours, &first);
  const esp_status status =
      levels < 0 ? esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report")
                 : esp_paper_compare(&data->paper, ours, levels, as_the_paper_says, &c, n, err);
  cJSON *table = esp__table_new("paper", columns);
  for (int i = 0; i < *n; i++)
    add_comparison(table, data, &c[i], &ours[c[i].ours], first[c[i].ours]);
  esp__report_table_of(report, NULL, table);
  free(c);
  free(ours);
  free(first);
  return status;
}

esp_status esp__add_paper(cJSON *report, const esp__report_data *data, const char *name,
                          esp_error *err) {
  if (data->quality != esp_quality_of(false))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: the figures of a paper are accuracies, and the runs are judged by %s",
                    name, data->quality->title);
  bool known = false;
  int compared = 0;
  for (int i = 0; i < data->points.count && !known; i++) known = is_known(data, i);
  for (size_t i = 0; known && i < sizeof measures / sizeof *measures; i++)
    add_chart(report, data, &measures[i]);
  ESP_TRY(add_table(report, data, &compared, err));
  if (known || compared > 0) return ESP_OK;
  if (data->points.count > 0)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "--paper: nothing in %s is about these runs: expected runs whose keys are in it", name);
  esp__report_note(report, "There are no results yet to be compared with %s.", name);
  return ESP_OK;
}
