#include "prune/catalogue.h"
#include "prune/layer_budgets.h"
#include "prune/search/search.h"

#include <string.h>

/* The better of two at random. */
static int pick(esp_distribution_search *s, const double *fitness) {
  const double size = (double)s->keys->population;
  const int a = (int)(esp__search_uniform(s) * size), b = (int)(esp__search_uniform(s) * size);
  return fitness[b] > fitness[a] ? b : a;
}

/* Each number from one parent or the other; on average one of them changes, by a deviation of
 * 0.2. */
static void cross(esp_distribution_search *s, const double *a, const double *b, double *child) {
  for (int k = 0; k < s->n; k++) {
    child[k] = esp__search_uniform(s) < 0.5 ? a[k] : b[k];
    if (esp__search_uniform(s) * s->n < 1.0)
      child[k] = esp__search_clip(child[k] + 0.2 * esp__search_normal(s));
  }
}

/* A generation from the one before, whose best lives on and need not be tried again. */
static esp_status breed(esp_distribution_search *s, const double *old, const double *was,
                        double *new, double *fitness, esp_error *err) {
  const int size = (int)s->keys->population;
  int best = 0;
  for (int i = 1; i < size; i++)
    if (was[i] > was[best]) best = i;
  memcpy(new, old + best * s->n, (size_t)s->n * sizeof *new);
  fitness[0] = was[best];
  for (int i = 1; i < size; i++) {
    const int a = pick(s, was), b = pick(s, was);
    cross(s, old + a * s->n, old + b * s->n, new + i * s->n);
    ESP_TRY(esp__search_try(s, new + i * s->n, &fitness[i], err));
  }
  return ESP_OK;
}

static esp_status search(esp_distribution_search *s, double *fitness, double *numbers,
                         esp_error *err) {
  const int size = (int)s->keys->population;
  for (int i = 0; i < size; i++) {
    esp__search_draw(s, i, numbers + i * s->n);
    ESP_TRY(esp__search_try(s, numbers + i * s->n, &fitness[i], err));
  }
  for (int64_t g = 0; g < s->keys->generations; g++) {
    const int from = (int)(g % 2) * size, to = size - from;
    ESP_TRY(
        breed(s, numbers + from * s->n, fitness + from, numbers + to * s->n, fitness + to, err));
  }
  return ESP_OK;
}

const esp_distribution esp__distribution_genetic = {
    .name = "genetic",
    .help = "found by a genetic algorithm on validation images, before retraining (Holland 1975)",
    .keys = {&esp_search_keys},
    .share = esp__layer_budgets_uniform,
    .search = search,
    .copies = 2,
    .keeps_best = true,
};
