#include "prune/catalogue.h"
#include "prune/dynamic/regrow.h"

static esp_status change(esp_pruner *p, double t, esp_error *err) {
  (void)t;
  return esp_pruner_changes(p) == 0 ? esp__random_mask(p, p->opt->sparsity, err) : ESP_OK;
}

const esp_dynamic esp__dynamic_static = {
    .name = "static",
    .help = "a random mask from the first step on, never changed: the control of SET and RigL",
    .change = change,
};
