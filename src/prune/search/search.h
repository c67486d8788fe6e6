/* Searching for the densities of layers: what distributions that try networks out build on.
 *
 * A search moves through points: a number in [ESP_POINT_MIN, 1] for each pool. Densities are in
 * proportion to a point's numbers, at most 1, and such that the budget is met: of the units
 * (exactly), of their weights or of their multiply-adds (as whole units, no more unless the least
 * that layers keep is) the share 1 - sparsity stays. A unit's multiply-adds are those of all
 * weights that go with it. */
#ifndef ESP_PRUNE_SEARCH_SEARCH_H
#define ESP_PRUNE_SEARCH_SEARCH_H

#include "prune/search/trial.h"

#define ESP_POINT_MIN 0.01

struct esp_distribution_search {
  esp_pruner *pruner;
  esp__trial *trial;
  const esp_search_options *keys;
  double sparsity;
  int n;            /* numbers in a point */
  int done, trials; /* trials made, and to make */
  esp_key key;
  uint64_t drawn;
  double *cost;           /* [n] of a pool with all its units */
  double *density, *best; /* [n] of the trial at work; the best so far, of equal ones the first */
  double best_fitness;
};

/* Finds densities with the pruner's distribution and judge, for scores that are there; they stay in
 * p->densities. Touches nothing else. */
esp_status esp__pruner_search(esp_pruner *p, double sparsity, esp_error *err);

/* ---- for distributions ---- */

/* What the point's network is worth: the higher the better. Notes the best. */
esp_status esp__search_try(esp_distribution_search *s, const double *point, double *fitness,
                           esp_error *err);
/* The next random number: uniform in [0, 1), standard normal. */
double esp__search_uniform(esp_distribution_search *s);
double esp__search_normal(esp_distribution_search *s);
/* Member `i` of a first population: all numbers equal (the uniform distribution) for 0, else
 * random. */
void esp__search_draw(esp_distribution_search *s, int i, double *point);
/* The number, moved into the range. */
double esp__search_clip(double number);

#endif
