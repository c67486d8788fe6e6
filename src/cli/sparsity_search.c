/* espalier search: the sparsest network that is good enough */
#include "cli/cli.h"
#include "cli/control.h"
#include <espalier/sparsity_search.h>

#include <string.h>

enum { OVERRIDES = 256 };
#define USAGE "CONFIG.ini|DIR [-o DIR] [section.key=value ...]"

static esp_status run(int argc, char **argv, esp_error *err) {
  const char *path = NULL, *dir = NULL, *override[OVERRIDES];
  int overrides = 0;
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "-o") == 0) {
      if (++i == argc) return esp_fail(err, ESP_ERR_INPUT, "-o: expected a directory after it");
      dir = argv[i];
    } else if (argv[i][0] == '-') {
      return esp_fail(err, ESP_ERR_INPUT, "unknown option '%s'; expected: espalier search " USAGE,
                      argv[i]);
    } else if (!path) {
      path = argv[i];
    } else if (overrides == OVERRIDES) {
      return esp_fail(err, ESP_ERR_INPUT, "more than %d arguments of the form section.key=value",
                      OVERRIDES);
    } else {
      override[overrides++] = argv[i];
    }
  }
  if (!path)
    return esp_fail(err, ESP_ERR_INPUT, "expected a configuration: espalier search " USAGE);
  return esp_sparsity_search_run(path, dir, overrides, override, esp__cli_control(), err);
}

const esp__command esp__command_sparsity_search = {
    .name = "search",
    .usage = USAGE,
    .help =
        "the sparsest network whose validation accuracy is within prune.tolerance of the dense "
        "one's",
    .details =
        "Bisection over prune.sparsity, from that of the configuration, the most that is tried, "
        "down to steps\n"
        "of prune.least_step; each trial is a run of its own, "
        "retrained as the configuration says:\n"
        "    espalier search CONFIG.ini prune.tolerance=0.005 prune.sparsity=0.98\n"
        "The directory gets a run for each trial and search.csv. "
        "The same command again goes on with what was\n"
        "stopped or killed; with another tolerance it uses the trials that are there.\n",
    .run = run,
};
