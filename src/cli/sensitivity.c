/* espalier sensitivity: what pruning each layer alone costs */
#include "cli/cli.h"
#include <espalier/sensitivity.h>

#include <string.h>

enum { OVERRIDES = 256 };
#define USAGE "DIR|FILE|CONFIG.ini [-o DIR] [section.key=value ...]"

static esp_status run(int argc, char **argv, esp_error *err) {
  const char *override[OVERRIDES];
  esp_sensitivity_options o = {.override = override, .out = stdout};
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "-o") == 0) {
      if (++i == argc) return esp_fail(err, ESP_ERR_INPUT, "-o: expected a directory after it");
      o.dir = argv[i];
    } else if (argv[i][0] == '-') {
      return esp_fail(err, ESP_ERR_INPUT,
                      "unknown option '%s'; expected: espalier sensitivity " USAGE, argv[i]);
    } else if (!o.path) {
      o.path = argv[i];
    } else if (o.overrides == OVERRIDES) {
      return esp_fail(err, ESP_ERR_INPUT, "more than %d arguments of the form section.key=value",
                      OVERRIDES);
    } else {
      override[o.overrides++] = argv[i];
    }
  }
  if (!o.path)
    return esp_fail(err, ESP_ERR_INPUT, "expected a trained network: espalier sensitivity " USAGE);
  return esp_sensitivity(&o, err);
}

const esp__command esp__command_sensitivity = {
    .name = "sensitivity",
    .usage = USAGE,
    .help =
        "what pruning each layer alone, without retraining, "
        "costs on validation images (Li et al. 2017)",
    .details =
        "Prunes one layer at a time by the criterion and the structure of the run (or "
        "prune.method=...,\n"
        "prune.structure=...), to each of prune.sparsities (0.1 to 0.9 and 0.95 where there are "
        "none), and\n"
        "writes sensitivity.csv: into the run directory, or the one that -o names. "
        "Of a run directory it is\n"
        "the dense network that is looked at, where there is one.\n",
    .run = run,
};
