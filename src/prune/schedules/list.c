#include "prune/catalogue.h"

#include <math.h>

static const esp_option table[] = {
    {"sparsities", ESP_OPTION_NUMBERS, offsetof(esp_list_options, sparsities), "", 0, 1, NULL,
     "schedule list: the sparsity of each round; the last is that of the key sparsity"},
    {.name = NULL}};
const esp_method_keys esp_list_keys = {table, sizeof(esp_list_options), .after = "sparsity"};

/* Of n listed sparsities the k-th, where t lies in ((k - 1) / n, k / n]; nothing at the very
 * beginning. */
static double sparsity(const esp_prune_options *opt, double t) {
  const esp_list_options *o = esp_list_options_of(opt);
  const int k = (int)ceil(t * o->sparsities.count - 1e-9);
  return k < 1 ? 0.0 : o->sparsities.value[k - 1];
}

const esp_prune_schedule esp__prune_schedule_list = {
    .name = "list",
    .help =
        "in rounds, to the sparsities that the key sparsities lists, the last of which is sparsity",
    .keys = {&esp_list_keys},
    .listed = true,
    .sparsity = sparsity,
};
