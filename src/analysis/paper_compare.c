/* Figures of ours beside those of a paper, one by one. */
#include "analysis/paper_noise.h"
#include "analysis/paper_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Papers round: densities may differ by a twentieth, and by two points. */
static bool same_sparsity(double ours, double theirs) {
  return fabs(ours - theirs) <= fmin(0.05 * (1.0 - theirs), 0.02) && (theirs > 0.0) == (ours > 0.0);
}

/* ---- what compares ---- */

static bool same_labels(const esp_paper *p, int row, const esp_measured *ours) {
  const char *theirs = esp__paper_test_labels(p, row);
  return !*ours->test_labels || strncmp(theirs, ours->test_labels, strlen(theirs)) == 0;
}

/* What of network and data differs; NULL: nothing that is known. */
static const char *difference(const esp_paper *p, int row, const esp_measured *ours) {
  const char *key = esp__paper_mismatch(p, row, ours->config, true);
  return key ? key : same_labels(p, row, ours) ? NULL : "test_labels";
}

/* Whether all but network and data is the same. */
static bool is_about(const esp_paper *p, int row, const esp_measured *ours) {
  return same_sparsity(ours->sparsity, esp_paper_figure(p, row).sparsity) &&
         esp__paper_pulls_alike(p, row, ours->config) &&
         !esp__paper_mismatch(p, row, ours->config, false);
}

/* ---- the band ---- */

/* One run of ours says nothing of its deviation, so that of theirs counts. */
static double band_of(const esp_figure *theirs, const esp_measured *ours, esp_compare_options o) {
  const esp_stats_moments *m = o.absolute ? &ours->accuracy : &ours->change;
  const double sd = 100.0 * esp_stats_sd(m);
  const bool with_dense = !o.absolute && !isnan(theirs->dense_sd);
  esp__noise noise = {0};
  if (!isnan(o.tolerance)) return o.tolerance;
  if (!isnan(theirs->tolerance)) return theirs->tolerance;
  esp__noise_add(&noise, theirs->sd, theirs->trials);
  if (with_dense) esp__noise_add(&noise, theirs->dense_sd, theirs->dense_trials);
  if (!isnan(sd))
    esp__noise_add(&noise, sd, m->n);
  else
    esp__noise_add(&noise, with_dense ? hypot(theirs->sd, theirs->dense_sd) : theirs->sd, 1.0);
  return esp__noise_band(&noise);
}

static esp_comparison compare(const esp_paper *p, int row, const esp_measured *ours,
                              esp_compare_options o) {
  const esp_figure theirs = esp_paper_figure(p, row);
  const char *differs = difference(p, row, ours);
  esp_comparison c = {
      .theirs = row,
      .accuracy = {100.0 * esp_stats_mean(&ours->accuracy), theirs.accuracy},
      .change = {ours->round > 0 ? 100.0 * esp_stats_mean(&ours->change) : (double)NAN,
                 theirs.change}};
  c.difference = c.accuracy[0] - c.accuracy[1];
  c.difference_of_change = c.change[0] - c.change[1];
  const double judged = o.absolute ? c.difference : c.difference_of_change;
  if (differs) snprintf(c.differs, sizeof c.differs, "%s", differs);
  c.band = isnan(judged) || differs ? (double)NAN : band_of(&theirs, ours, o);
  c.inside = fabs(judged) <= c.band;
  return c;
}

/* ---- all of them ---- */

typedef struct list {
  esp_comparison *item;
  int count;
} list;

/* Runs that share their training have one dense network: it is compared once. */
static bool seen(const list *l, int row, const esp_measured *network, int ours) {
  const int training = network[ours].training;
  for (int i = 0; i < l->count && network[ours].round == 0 && training >= 0; i++)
    if (l->item[i].theirs == row && network[l->item[i].ours].round == 0 &&
        network[l->item[i].ours].training == training)
      return true;
  return false;
}

/* Number of the comparison of this row with another round of the same runs; `count`: none. */
static int other_round(const list *l, int row, const esp_measured *network, int ours) {
  int i = 0;
  while (i < l->count && !(l->item[i].theirs == row && network[ours].round > 0 &&
                           network[l->item[i].ours].round > 0 &&
                           network[l->item[i].ours].config == network[ours].config))
    i++;
  return i;
}

/* A row is about one round of a run: the one whose sparsity is nearest, of equals the last. */
static void keep_nearer(esp_comparison *there, esp_comparison c, const esp_measured *network,
                        double sparsity) {
  if (fabs(network[c.ours].sparsity - sparsity) <= fabs(network[there->ours].sparsity - sparsity))
    *there = c;
}

static esp_status add(list *l, esp_comparison c, esp_error *err) {
  esp_comparison *more = realloc(l->item, (size_t)(l->count + 1) * sizeof *more);
  if (!more) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the comparison");
  l->item = more;
  more[l->count++] = c;
  return ESP_OK;
}

static esp_status add_row(list *l, const esp_paper *p, int row, const esp_measured *network,
                          int ours, esp_compare_options o, esp_error *err) {
  const int there = other_round(l, row, network, ours);
  esp_comparison c = compare(p, row, &network[ours], o);
  c.ours = ours;
  if (seen(l, row, network, ours)) return ESP_OK;
  if (there == l->count) return add(l, c, err);
  keep_nearer(&l->item[there], c, network, esp_paper_figure(p, row).sparsity);
  return ESP_OK;
}

/* One network of ours. */
static esp_status add_rows(list *l, const esp_paper *p, const esp_measured *network, int ours,
                           esp_compare_options o, esp_error *err) {
  int other = -1;
  bool any = false;
  for (int r = 0; r < p->table.rows; r++) {
    if (!is_about(p, r, &network[ours])) continue;
    const bool comparable = difference(p, r, &network[ours]) == NULL;
    if (!comparable && other < 0) other = r;
    any |= comparable;
    if (comparable) ESP_TRY(add_row(l, p, r, network, ours, o, err));
  }
  return any || other < 0 ? ESP_OK : add_row(l, p, other, network, ours, o, err);
}

esp_status esp_paper_compare(const esp_paper *p, const esp_measured *ours, int networks,
                             esp_compare_options o, esp_comparison **c, int *n, esp_error *err) {
  list l = {NULL, 0};
  esp_status status = ESP_OK;
  for (int i = 0; i < networks && status == ESP_OK; i++) status = add_rows(&l, p, ours, i, o, err);
  if (status != ESP_OK) {
    free(l.item);
    l = (list){NULL, 0};
  }
  *c = l.item;
  *n = l.count;
  return status;
}

const char *esp_paper_verdict(const esp_comparison *c) {
  if (*c->differs) return "not comparable";
  return isnan(c->band) ? "-" : c->inside ? "inside" : "OUTSIDE";
}
