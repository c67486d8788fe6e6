#include "prune/catalogue.h"
#include "prune/dynamic/regrow.h"

/* As in the paper a change looks at the gradient of one batch, what was dropped may grow again at
 * once with the value it had, and the share that moves falls along half a cosine, unless
 * drop_schedule says otherwise. Unlike there the weights that stay move in the step of a change
 * too. */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  return esp__regrow(p, esp__moving_share(p, t, true), &esp__criterion_gradient, err);
}

const esp_dynamic esp__dynamic_rigl = {
    .name = "rigl",
    .help =
        "rigging the lottery: drop the smallest weights, "
        "grow where the gradient is largest (Evci et al. 2020)",
    .keys = {&esp__regrow_keys},
    .needs_gradient = true,
    .change = change,
};
