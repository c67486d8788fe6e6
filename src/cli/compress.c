/* espalier compress: the steps of [compress] on a run that is finished */
#include "cli/cli.h"
#include "cli/control.h"
#include "rundir/paths.h"

#include <espalier/run.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct compress_options {
  const char *out;
} compress_options;

static const esp__argument arguments[] = {
    {.name = "output",
     .letter = 'o',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(compress_options, out),
     .value = "DIR2",
     .expected = "a directory",
     .required = true,
     .kind = ESP_WORD_DIRECTORY,
     .help = "The run directory to make."},
    {0},
};

static esp_status check_steps(const esp_config *c, const char *path, esp_error *err) {
  if (esp_compress_steps(&c->compress) > 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: nothing to do; expected compress.steps=..., such as compress.steps=share",
                  path);
}

/* The run's own configuration, with what was said of [compress], and where the network is. */
static esp_status read_config(esp_config *c, const char *dir, const char *path,
                              const esp__words *override, esp_error *err) {
  char pruned[PATH_MAX];
  if (!realpath(dir, pruned)) return esp_fail(err, ESP_ERR_INPUT, "%s: no such run directory", dir);
  ESP_TRY(esp_config_load(c, path, override->count, override->item, err));
  char *copy = strdup(pruned);
  if (!copy) {
    esp_config_free(c);
    return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", dir);
  }
  free(c->run.pruned);
  c->run.pruned = copy;
  return ESP_OK;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const compress_options *o = a->options;
  const char *dir = a->positional.item[0];
  char path[ESP_PATH_MAX];
  esp_config config;
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_CONFIG, err));
  if (access(path, R_OK) != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: not a run directory: expected a directory with config.ini", dir);
  ESP_TRY(read_config(&config, dir, path, &a->override, err));
  esp_status status = check_steps(&config, dir, err);
  if (status == ESP_OK) status = esp_run_new(&config, path, o->out, esp__cli_control(), err);
  esp_config_free(&config);
  return status;
}

const esp__command esp__command_compress = {
    .name = "compress",
    .summary = "shared, quantised and rounded weights for a run that is finished, as another run",
    .description =
        "What comes of it is the run that would have come of the same configuration with "
        "[compress] in it, to the bit: its rounds, then a round for each step. "
        "'espalier resume' goes on with it when it was stopped.\n",
    .positional = {.usage = "DIR",
                   .expected = "the directory of a finished run",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_DIRECTORY},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(compress_options),
    .run = run,
};
