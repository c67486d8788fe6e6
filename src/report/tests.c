/* Which differences are larger than the noise between seeds. */
#include "report/quality_words.h"

#include <math.h>
#include <stdlib.h>

#define OF(member) offsetof(esp__point, member)
enum {
  TESTS_MAX = 1000,
  MANY = 30 /* comparisons: who reads on wants only those that say something */
};

/* A comparison of two levels. */
typedef struct test {
  int a, b; /* first points of the levels */
  int n;    /* seeds that count */
  esp_stats_moments of_a, of_b;
  esp_stats_difference d;
} test;

typedef struct tests {
  test *item;
  int count;
} tests;

static esp_status add_test(tests *t, test one, esp_error *err) {
  test *more = realloc(t->item, ((size_t)t->count + 1) * sizeof *more);
  if (!more) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  t->item = more;
  more[t->count++] = one;
  return ESP_OK;
}

static const char *verdict(const test *t, double p) {
  if (t->n < 2) return "one seed: nothing can be concluded";
  if (isnan(p)) return "no spread between the seeds: nothing to compare with";
  return p < 0.05 ? "larger than the noise between seeds"
                  : "cannot be told from the noise between seeds";
}

/* p of all tests together, adjusted; NULL when memory is out. */
static double *adjusted(const tests *t) {
  double *p = calloc((size_t)t->count + 1, sizeof *p);
  int *rank = calloc((size_t)t->count + 1, sizeof *rank);
  for (int i = 0; p && i < t->count; i++) p[i] = t->item[i].d.p;
  if (p && rank) esp_stats_holm(p, t->count, rank);
  free(rank);
  return p;
}

static const esp__column columns[] = {{"level_a", "level of A"},
                                      {"series_a", "A"},
                                      {"seeds_a", "seeds of A"},
                                      {"mean_a$percent", "mean of A$unit"},
                                      {"sd_a$percent", "sd of A$unit"},
                                      {"level_b", "level of B"},
                                      {"series_b", "B"},
                                      {"seeds_b", "seeds of B"},
                                      {"mean_b$percent", "mean of B$unit"},
                                      {"sd_b$percent", "sd of B$unit"},
                                      {"difference$percent", "B - A$points"},
                                      {"standard_error$percent", "standard error$points"},
                                      {"t", "t"},
                                      {"degrees_of_freedom", "degrees of freedom"},
                                      {"p_holm", "p (Holm)"},
                                      {"verdict", "verdict"},
                                      {0}};

static void add_row(cJSON *table, const esp__report_data *data, const test *t, double p) {
  const esp__points *points = &data->points;
  const double factor = data->quality->factor;
  char level[2][ESP_LABEL_MAX];
  esp__level_label(points, t->a, esp__level_end(points, t->a), level[0]);
  esp__level_label(points, t->b, esp__level_end(points, t->b), level[1]);
  ESP_TABLE_ROW(table, esp__text_cell(level[0]), esp__text_cell(esp__series_of(data, t->a)),
                esp__number_cell(t->of_a.n), esp__number_cell(factor * esp_stats_mean(&t->of_a)),
                esp__number_cell(factor * esp_stats_sd(&t->of_a)), esp__text_cell(level[1]),
                esp__text_cell(esp__series_of(data, t->b)), esp__number_cell(t->of_b.n),
                esp__number_cell(factor * esp_stats_mean(&t->of_b)),
                esp__number_cell(factor * esp_stats_sd(&t->of_b)),
                esp__number_cell(factor * t->d.mean), esp__number_cell(factor * t->d.error),
                esp__number_cell(t->d.t), esp__number_cell(t->d.freedom), esp__number_cell(p),
                esp__text_cell(verdict(t, p)));
}

static esp_status add_table(cJSON *report, const esp__report_data *data, const char *id, tests *t,
                            esp_error *err) {
  double *p = adjusted(t);
  if (!p) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  cJSON *table = esp__quality_table(data->quality, id, columns);
  for (int i = 0; i < t->count; i++) add_row(table, data, &t->item[i], p[i]);
  esp__report_table_of(report, NULL, table);
  free(p);
  return ESP_OK;
}

static test levels(const esp__points *p, int a, int b) {
  return (test){.a = a,
                .b = b,
                .of_a = esp__level_moments(p, a, esp__level_end(p, a), OF(quality)),
                .of_b = esp__level_moments(p, b, esp__level_end(p, b), OF(quality))};
}

/* ---- what pruning costs: a level and the dense networks of the same seeds ---- */

static esp_status find_costs(tests *t, const esp__report_data *data, esp_error *err) {
  const esp__points *p = &data->points;
  for (int first = 0, end; first < p->count; first = end) {
    end = esp__level_end(p, first);
    const int dense = esp__dense_level(p, &data->diff, first);
    if (p->item[first].round == 0 || dense < 0) continue;
    test one = levels(p, dense, first);
    const esp_stats_moments changes = esp__level_moments(p, first, end, OF(change));
    one.n = changes.n;
    one.d = esp_stats_paired(changes);
    ESP_TRY(add_test(t, one, err));
  }
  return ESP_OK;
}

/* ---- what sets series apart: levels of two series at the same sparsity ---- */

static bool same_networks(const esp__points *p, int a, int b) {
  const int n = esp__level_end(p, a) - a;
  if (esp__level_end(p, b) - b != n) return false;
  for (int i = 0; i < n; i++)
    if (p->item[a + i].quality != p->item[b + i].quality) return false;
  return true;
}

static bool comparable(const esp__points *p, int a, int b) {
  const double tolerance = 0.005;
  const esp_stats_moments x = esp__level_moments(p, a, esp__level_end(p, a), OF(sparsity));
  const esp_stats_moments y = esp__level_moments(p, b, esp__level_end(p, b), OF(sparsity));
  return !esp__same_series(p, a, b) && fabs(esp_stats_mean(&x) - esp_stats_mean(&y)) <= tolerance &&
         !same_networks(p, a, b);
}

/* *all becomes false when there are too many to be of use to a reader. */
static esp_status find_differences(tests *t, const esp__report_data *data, bool *all,
                                   esp_error *err) {
  *all = true;
  const esp__points *p = &data->points;
  for (int a = 0; a < p->count; a = esp__level_end(p, a))
    for (int b = esp__level_end(p, a); b < p->count; b = esp__level_end(p, b)) {
      if (!comparable(p, a, b)) continue;
      test one = levels(p, a, b);
      one.n = one.of_a.n < one.of_b.n ? one.of_a.n : one.of_b.n;
      one.d = esp_stats_welch(one.of_a, one.of_b);
      if (t->count == TESTS_MAX) return *all = false, ESP_OK;
      ESP_TRY(add_test(t, one, err));
    }
  return ESP_OK;
}

/* Where there are many, those of one seed, which conclude nothing, are left out. Returns how
 * many. */
static int leave_out_single_seeds(tests *t) {
  const int all = t->count;
  if (all <= MANY) return 0;
  t->count = 0;
  for (int i = 0; i < all; i++)
    if (t->item[i].n > 1) t->item[t->count++] = t->item[i];
  return all - t->count;
}

esp_status esp__add_tests(cJSON *report, const esp__report_data *data, esp_error *err) {
  tests costs = {0}, differences = {0};
  bool all;
  esp_status status = find_costs(&costs, data, err);
  if (status == ESP_OK) status = find_differences(&differences, data, &all, err);
  if (status == ESP_OK && !all) {
    differences.count = 0;
    esp__report_note(
        report,
        "more than %d pairs of series at the same sparsity: none are compared; report on fewer",
        TESTS_MAX);
  }
  const int single = leave_out_single_seeds(&differences);
  if (single > 0)
    esp__report_note(
        report,
        "%d pairs of series have one seed, so nothing can be concluded of them and they are not "
        "listed; run more seeds",
        single);
  if (status == ESP_OK) status = add_table(report, data, "pruning-costs", &costs, err);
  if (status == ESP_OK) status = add_table(report, data, "differences", &differences, err);
  free(costs.item);
  free(differences.item);
  return status;
}
