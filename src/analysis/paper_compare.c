#include <espalier/paper.h>

#include <math.h>
#include <stdlib.h>

/* Papers round: densities may differ by a twentieth, and by two points. */
static bool same_sparsity(double ours, double theirs) {
  return fabs(ours - theirs) <= fmin(0.05 * (1.0 - theirs), 0.02) && (theirs > 0.0) == (ours > 0.0);
}

/* Twice the standard deviation of the difference; ours counts as theirs when we have one seed. */
static double band_of(const esp_figure *theirs, const esp_measured *ours, esp_compare_options o) {
  if (!isnan(o.tolerance)) return o.tolerance;
  if (!isnan(theirs->tolerance)) return theirs->tolerance;
  const double sd = o.absolute ? theirs->sd : theirs->change_sd;
  const double own = 100.0 * esp_stats_sd(o.absolute ? &ours->accuracy : &ours->change);
  return 2.0 * hypot(sd, isnan(own) ? sd : own);
}

static esp_comparison compare(const esp_paper *p, int row, const esp_measured *ours,
                              esp_compare_options o) {
  const esp_figure theirs = esp_paper_figure(p, row);
  esp_comparison c = {
      .theirs = row,
      .accuracy = {100.0 * esp_stats_mean(&ours->accuracy), theirs.accuracy},
      .change = {ours->round > 0 ? 100.0 * esp_stats_mean(&ours->change) : (double)NAN,
                 theirs.change}};
  c.difference = c.accuracy[0] - c.accuracy[1];
  c.difference_of_change = c.change[0] - c.change[1];
  const double judged = o.absolute ? c.difference : c.difference_of_change;
  c.band = isnan(judged) ? (double)NAN : band_of(&theirs, ours, o);
  c.inside = fabs(judged) <= c.band;
  return c;
}

/* Runs that share their training have one dense network: it is compared once. */
static bool seen(const esp_comparison *c, int n, int row, const esp_measured *network, int ours) {
  const int training = network[ours].training;
  for (int i = 0; i < n && network[ours].round == 0 && training >= 0; i++)
    if (c[i].theirs == row && network[c[i].ours].round == 0 &&
        network[c[i].ours].training == training)
      return true;
  return false;
}

esp_status esp_paper_compare(const esp_paper *p, const esp_measured *ours, int networks,
                             esp_compare_options o, esp_comparison **c, int *n, esp_error *err) {
  *n = 0;
  *c = NULL;
  for (int i = 0; i < networks; i++)
    for (int r = 0; r < p->table.rows; r++) {
      if (!same_sparsity(ours[i].sparsity, esp_paper_figure(p, r).sparsity) ||
          !esp_paper_about(p, r, ours[i].config) || seen(*c, *n, r, ours, i))
        continue;
      esp_comparison *more = realloc(*c, (size_t)(*n + 1) * sizeof *more);
      if (!more) {
        free(*c);
        *c = NULL;
        return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the comparison");
      }
      *c = more;
      more[*n] = compare(p, r, &ours[i], o);
      more[(*n)++].ours = i;
    }
  return ESP_OK;
}

const char *esp_paper_verdict(const esp_comparison *c) {
  return isnan(c->band) ? "-" : c->inside ? "inside" : "OUTSIDE";
}
