/* espalier run, espalier resume */
#include "base/shipped.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/ranks.h"
#include "ranks/agree.h"

#include <espalier/run.h>

typedef struct run_options {
  const char *dir;
  bool dry_run;
} run_options;

static const esp__argument run_arguments[] = {
    ESP_OUTPUT_DIRECTORY(run_options, dir, "The run directory, instead of run.output/run.name."),
    {.name = "dry-run",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(run_options, dry_run),
     .help = "Opens data and network, says what the run would do and how long it may take, and "
             "makes nothing."},
    {0},
};

static esp_status load(const esp__arguments *a, char path[ESP_SHIPPED_PATH_MAX], esp_config *config,
                       esp_error *err) {
  ESP_TRY(esp__shipped_config(a->positional.item[0], path, err));
  return esp_config_load(config, path, a->override.count, a->override.item, err);
}

static esp_status begin(const esp__arguments *a, const esp_run_control *control, esp_error *err) {
  const run_options *o = a->options;
  char path[ESP_SHIPPED_PATH_MAX];
  esp_config config;
  const esp_status own = load(a, path, &config, err),
                   all = esp__ranks_agree(control->ranks, own, err);
  if (own == ESP_OK && all != ESP_OK) esp_config_free(&config);
  if (all != ESP_OK) return all;
  const esp_status status = o->dry_run ? esp_run_plan(&config, path, o->dir, stdout, err)
                                       : esp_run_new(&config, path, o->dir, *control, err);
  esp_config_free(&config);
  return status;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const run_options *o = a->options;
  int rank;
  if (o->dry_run && esp_ranks_launched(&rank) > 1)
    return esp__cli_fail_together(
        esp_fail(err, ESP_ERR_INPUT, "option --dry-run: is for one process"), err);
  esp_run_control control = esp__cli_control();
  ESP_TRY(esp__cli_join(&control, err));
  return esp__cli_leave(&control, begin(a, &control, err), err);
}

const esp__command esp__command_run = {
    .name = "run",
    .summary = "train and prune as the configuration says; the results go to a run directory",
    .description =
        "The first signal to end (Ctrl-C) lets the run finish its step and keep a "
        "checkpoint, from which 'espalier resume' goes on; "
        "a second one ends it at once.\n",
    .positional = {.usage = "CONFIG.ini",
                   .expected = "a configuration",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .overrides = true,
    .shared = true,
    .options = run_arguments,
    .options_bytes = sizeof(run_options),
    .run = run,
};

static esp_status resume(const esp__arguments *a, esp_error *err) {
  esp_run_control control = esp__cli_control();
  ESP_TRY(esp__cli_join(&control, err));
  const esp_status status =
      esp_run_resume(a->positional.item[0], a->override.count, a->override.item, control, err);
  return esp__cli_leave(&control, status, err);
}

const esp__command esp__command_resume = {
    .name = "resume",
    .summary = "go on with a run that was stopped or killed, from its newest checkpoint",
    .description =
        "The weights are those, to the bit, of a run that was never stopped. "
        "It may go on with other threads and on another machine.\n"
        "\n"
        "section.key=value changes the run's config.ini: where the data are (data.path), if their "
        "content is the same; any key that decides no result (run.threads, "
        "run.checkpoint_minutes, log.tensorboard); and keys that only let the run go on for "
        "longer: train.epochs and prune.retrain_epochs where the learning rates do not depend on "
        "them, prune.sparsities behind their end, prune.rounds of the schedule feedback. "
        "All else would be another experiment, and is refused.\n",
    .positional = {.usage = "DIR",
                   .expected = "one run directory",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_DIRECTORY},
    .overrides = true,
    .shared = true,
    .run = resume,
};
