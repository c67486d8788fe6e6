#include "prune/catalogue.h"
#include "prune/pruner.h"

#include <string.h>

/* Phases of `every` steps, by turns compressed (the largest weights, in a fixed mask) and
 * decompressed (all; what comes back starts from 0). The first and the last are compressed. */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  if (t >= 1.0 || esp_pruner_changes(p) % 2 == 0)
    return esp_pruner_remove(p, &esp__criterion_magnitude, p->opt->sparsity, err);
  memset(p->keep, 1, p->units);
  esp_pruner_commit(p);
  return ESP_OK;
}

const esp_dynamic esp__dynamic_acdc = {
    .name = "acdc",
    .help =
        "alternating compressed and decompressed phases, of `every` steps each (Peste et al. 2021)",
    .needs_gradient = true, /* what comes back takes its first step in the same step of training */
    .change = change,
};
