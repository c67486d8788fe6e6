#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/ranks.h"
#include "cli/streams.h"
#include "kernels/kernels.h"

#include <espalier/option.h>
#include <espalier/plugin.h>
#include <espalier/version.h>

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif

static void print_version(void) {
  printf("espalier %s\ncompiler: %s\ninstruction set: %s (of", ESP_VERSION, COMPILER,
         esp__kernels_active()->isa);
  const esp__kernels *k;
  for (size_t i = 0; (k = esp__kernels_at(i)); i++) printf(" %s", k->isa);
  printf(")\nthreads: %d\n", omp_get_max_threads());
}

static int exit_status(esp_status status) {
  switch (status) {
    case ESP_OK:
      return 0;
    case ESP_ERR_INPUT:
    case ESP_ERR_IO:
      return 2;
    case ESP_ERR_INTERRUPTED:
      return 130;
    case ESP_ERR_BUSY:
      return ESP_EXIT_BUSY;
    case ESP_ERR_MEMORY:
    case ESP_ERR_DIVERGED:
    case ESP_ERR_FAILED:
      break;
  }
  return 1;
}

/* Threads that wait for each other should sleep after a moment: on a busy machine, spinning for one
 * that is not running makes everything many times slower. libgomp reads its settings as it is
 * loaded, so they take a second start. */
static void limit_spinning(char **argv) {
  if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
  if (setenv("GOMP_SPINCOUNT", "20000", 1) == 0)
    execv("/proc/self/exe", argv); /* if it cannot, all works as well */
}

static esp_status load_plugins(const esp__words *plugin, esp_error *err) {
  for (int i = 0; i < plugin->count; i++) ESP_TRY(esp_plugin_load(plugin->item[i], NULL, err));
  return ESP_OK;
}

static esp_status run(const esp__command *c, int argc, char *const *argv, esp_error *err) {
  esp__arguments a;
  ESP_TRY(esp__cli_check_alone(c, err));
  ESP_TRY(esp__cli_fail_together(esp__arguments_read(&a, c, argc, argv, err), err));
  esp_status status = a.help || c->overrides ? ESP_OK : load_plugins(&a.plugin, err);
  if (status == ESP_OK) status = a.help ? esp__print_command(c, err) : c->run(&a, err);
  esp__arguments_free(&a, c);
  return status;
}

/* What is wrong, with the command's name before it, unless another process says it; returns the
 * exit status. */
static int end(const char *command, esp_status status, const esp_error *err) {
  if (status != ESP_OK && *err->text)
    fprintf(stderr, "espalier%s%s: %s\n", *command ? " " : "", command, err->text);
  return exit_status(status);
}

static esp_status fail_unknown(const char *word, esp_error *err) {
  const char *nearest = esp_nearest(word, esp__command_name);
  const char *what = word[0] == '-' ? "option" : "command";
  if (nearest)
    return esp_fail(err, ESP_ERR_INPUT, "unknown %s '%.200s'; did you mean '%s'?", what, word,
                    nearest);
  return esp_fail(err, ESP_ERR_INPUT, "unknown %s '%.200s'; 'espalier help' lists the commands",
                  what, word);
}

static int run_command(int argc, char *const *argv) {
  esp_error err = {0};
  if (argc < 2) return esp__print_short_usage(stderr), 2;
  const char *word = argv[1];
  if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) return print_version(), 0;
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
    return end("", esp__print_overview(&err), &err);
  const esp__command *c = esp__command_find(word);
  if (!c) return end("", fail_unknown(word, &err), &err);
  return end(word, run(c, argc - 2, argv + 2, &err), &err);
}

int main(int argc, char **argv) {
  esp__cli_streams_begin();
  limit_spinning(argv);
  return esp__cli_streams_end(run_command(argc, argv));
}
