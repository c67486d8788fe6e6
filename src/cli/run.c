/* espalier run, espalier resume */
#include "cli/cli.h"
#include "cli/control.h"

#include <espalier/run.h>

#include <string.h>

static volatile sig_atomic_t stop;

/* The first signal lets the step finish; a second one ends the process at once. */
static void on_signal(int number) {
  stop = 1;
  signal(number, SIG_DFL);
}

esp_run_control esp__cli_control(void) {
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  return (esp_run_control){stdout, &stop};
}

static esp_status run(int argc, char **argv, esp_error *err) {
  const char *config_path = NULL, *dir = NULL, *override[256];
  int overrides = 0;
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "-o") == 0) {
      if (++i == argc) return esp_fail(err, ESP_ERR_INPUT, "-o: expected a directory after it");
      dir = argv[i];
    } else if (argv[i][0] == '-') {
      return esp_fail(
          err, ESP_ERR_INPUT,
          "unknown option '%s'; expected: espalier run CONFIG.ini [-o DIR] [section.key=value ...]",
          argv[i]);
    } else if (!config_path) {
      config_path = argv[i];
    } else if (overrides == 256) {
      return esp_fail(err, ESP_ERR_INPUT, "more than 256 arguments of the form section.key=value");
    } else {
      override[overrides++] = argv[i];
    }
  }
  if (!config_path)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "expected a configuration: espalier run CONFIG.ini [-o DIR] [section.key=value ...]");
  esp_config config;
  ESP_TRY(esp_config_load(&config, config_path, overrides, override, err));
  const esp_status status = esp_run_new(&config, config_path, dir, esp__cli_control(), err);
  esp_config_free(&config);
  return status;
}

const esp__command esp__command_run = {
    .name = "run",
    .usage = "CONFIG.ini [-o DIR] [section.key=value ...]",
    .help = "train and prune as the configuration says; the results go to a run directory",
    .run = run,
};

static esp_status resume(int argc, char **argv, esp_error *err) {
  if (argc != 1)
    return esp_fail(err, ESP_ERR_INPUT, "expected one run directory: espalier resume DIR");
  return esp_run_resume(argv[0], esp__cli_control(), err);
}

const esp__command esp__command_resume = {
    .name = "resume",
    .usage = "DIR",
    .help = "go on with a run that was stopped or killed, from its newest checkpoint",
    .run = resume,
};
