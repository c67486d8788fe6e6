/* The keys of distributions that search. */
#include <espalier/prune.h>

static const char *budget_name(size_t i) {
  static const char *const names[] = {"units", "weights", "macs"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const esp_option table[] = {
    {"budget", ESP_OPTION_CHOICE, offsetof(esp_search_options, budget), "units", 0, 0, budget_name,
     "distributions that search: what sparsity is the share of that goes: units, weights, "
     "or multiply-adds (macs)"},
    {"population", ESP_OPTION_INT, offsetof(esp_search_options, population), "16", 2, 10000, NULL,
     "distribution genetic: members of a generation; swarm: particles"},
    {"generations", ESP_OPTION_INT, offsetof(esp_search_options, generations), "10", 0, 10000, NULL,
     "distributions genetic, swarm: how often a new population is tried after the first"},
    {"recalibrate", ESP_OPTION_INT, offsetof(esp_search_options, recalibrate), "0", 0, 1e6, NULL,
     "distributions that search, espalier sensitivity: "
     "training batches that move the statistics of batch norms before a pruned network is judged"},
    {.name = NULL}};
const esp_method_keys esp_search_keys = {table, sizeof(esp_search_options), .after = "least_step"};
