#include "prune/catalogue.h"
#include "prune/dynamic/regrow.h"

/* The same share at every change, unless drop_schedule says otherwise; new weights at random. */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  return esp__regrow(p, esp__moving_share(p, t, false), &esp__criterion_random, err);
}

const esp_dynamic esp__dynamic_set = {
    .name = "set",
    .help =
        "sparse evolutionary training: drop the smallest weights, "
        "grow as many at random (Mocanu et al. 2018)",
    .keys = {&esp__regrow_keys},
    .change = change,
};
