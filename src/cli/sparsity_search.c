/* espalier search: the sparsest network that is good enough */
#include "base/shipped.h"
#include "cli/cli.h"
#include "cli/control.h"

#include <espalier/sparsity_search.h>

typedef struct search_options {
  const char *dir;
} search_options;

static const esp__argument arguments[] = {
    ESP_OUTPUT_DIRECTORY(search_options, dir,
                         "The directory of the search, instead of run.output/run.name."),
    {0},
};

static esp_status run(const esp__arguments *a, esp_error *err) {
  const search_options *o = a->options;
  char path[ESP_SHIPPED_PATH_MAX];
  ESP_TRY(esp__shipped_config_or_folder(a->positional.item[0], path, err));
  return esp_sparsity_search_run(path, o->dir, a->override.count, a->override.item,
                                 esp__cli_control(), err);
}

const esp__command esp__command_sparsity_search = {
    .name = "search",
    .summary =
        "the sparsest network whose validation accuracy or R^2 is within prune.tolerance of the "
        "dense one's",
    .description =
        "Bisection over prune.sparsity, from that of the configuration, the most that is tried, "
        "down to steps of prune.least_step; each trial is a run of its own, "
        "retrained as the configuration says:\n"
        "\n"
        "    espalier search CONFIG.ini prune.tolerance=0.005 prune.sparsity=0.98\n"
        "\n"
        "The directory gets a run for each trial and search.csv. "
        "The same command again goes on with what was stopped or killed; "
        "with another tolerance it uses the trials that are there.\n",
    .positional = {.usage = "CONFIG.ini|DIR",
                   .expected = "a configuration",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(search_options),
    .run = run,
};
