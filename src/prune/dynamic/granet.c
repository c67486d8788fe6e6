#include "prune/catalogue.h"
#include "prune/dynamic/regrow.h"

/* Gradual pruning by magnitude along the cubic curve; after each removal a share of every layer's
 * weights, which falls along half a cosine unless drop_schedule says otherwise, is exchanged for
 * those with the largest gradient ("neuroregeneration"). */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  ESP_TRY(esp_pruner_remove(p, &esp__criterion_magnitude,
                            esp__prune_schedule_cubic.sparsity(p->opt, t), err));
  esp__exchange(p, esp__moving_share(p, t, true), &esp__criterion_gradient);
  return ESP_OK;
}

const esp_dynamic esp__dynamic_granet = {
    .name = "granet",
    .help =
        "gradual pruning with regrowth: prune the smallest weights, "
        "then exchange some for those with the largest gradient (Liu et al. 2021)",
    .keys = {&esp__regrow_keys},
    .needs_gradient = true,
    .change = change,
};
