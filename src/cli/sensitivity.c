/* espalier sensitivity: what pruning each layer alone costs */
#include "cli/cli.h"

#include <espalier/sensitivity.h>

typedef struct sensitivity_options {
  const char *dir;
} sensitivity_options;

static const esp__argument arguments[] = {
    ESP_OUTPUT_DIRECTORY(sensitivity_options, dir,
                         "Where sensitivity.csv goes, instead of into the run directory."),
    {0},
};

static esp_status run(const esp__arguments *a, esp_error *err) {
  const sensitivity_options *o = a->options;
  const esp_sensitivity_options options = {.path = a->positional.item[0],
                                           .dir = o->dir,
                                           .overrides = a->override.count,
                                           .override = a->override.item,
                                           .out = stdout};
  return esp_sensitivity(&options, err);
}

const esp__command esp__command_sensitivity = {
    .name = "sensitivity",
    .summary =
        "what pruning each layer alone, without retraining, "
        "costs on validation images (Li et al. 2017)",
    .description =
        "Prunes one layer at a time by the criterion and the structure of the run (or "
        "prune.method=..., prune.structure=...), to each of prune.sparsities (0.1 to 0.9 and 0.95 "
        "where there are none), and writes sensitivity.csv. "
        "Of a run directory it is the dense network that is looked at, where there is one.\n",
    .positional = {.usage = "DIR|FILE|CONFIG.ini",
                   .expected = "a trained network",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(sensitivity_options),
    .run = run,
};
