#include "prune/catalogue.h"
#include "prune/layer_budgets.h"
#include "prune/search/search.h"

#include <string.h>

/* The inertia and the pull that make a swarm converge (Clerc & Kennedy 2002). */
static const double inertia = 0.7298, pull = 1.49618;

/* v = w v + c r1 (own best - x) + c r2 (best of all - x); x = x + v, kept within the range. */
static void fly(esp_distribution_search *s, double *x, double *v, const double *own,
                const double *best) {
  for (int k = 0; k < s->n; k++) {
    const double r1 = esp__search_uniform(s), r2 = esp__search_uniform(s);
    v[k] = inertia * v[k] + pull * r1 * (own[k] - x[k]) + pull * r2 * (best[k] - x[k]);
    x[k] = esp__search_clip(x[k] + v[k]);
  }
}

/* Particles start at rest. Numbers: [population][n] of where they are, how fast, and of their own
 * bests. */
static esp_status search(esp_distribution_search *s, double *fitness, double *numbers,
                         esp_error *err) {
  const int size = (int)s->keys->population, n = s->n;
  double *v = numbers + size * n, *own = v + size * n;
  int best = 0;
  for (int64_t trial = 0; trial < s->trials; trial++) {
    const int i = (int)(trial % size);
    double *x = numbers + i * n, found;
    if (trial < size)
      esp__search_draw(s, i, x);
    else
      fly(s, x, v + i * n, own + i * n, own + best * n);
    ESP_TRY(esp__search_try(s, x, &found, err));
    if (trial >= size && !(found > fitness[i])) continue;
    fitness[i] = found;
    memcpy(own + i * n, x, (size_t)n * sizeof *x);
    if (fitness[i] > fitness[best]) best = i;
  }
  return ESP_OK;
}

const esp_distribution esp__distribution_swarm = {
    .name = "swarm",
    .help =
        "found by a particle swarm on validation images, "
        "before retraining (Kennedy & Eberhart 1995; inertia: Shi & Eberhart 1998)",
    .keys = {&esp_search_keys},
    .share = esp__layer_budgets_uniform,
    .search = search,
    .copies = 3,
};
