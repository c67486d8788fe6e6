#include "cli/cli.h"
#include "cli/streams.h"

#include <espalier/option.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of --help, a line each: adding one touches no other. */
// clang-format off
static const esp__command *const commands[] = {
    &esp__command_run,
    &esp__command_resume,
    &esp__command_sweep,
    &esp__command_sparsity_search,
    &esp__command_compare,
    &esp__command_watch,
    &esp__command_eval,
    &esp__command_predict,
    &esp__command_inspect,
    &esp__command_bench,
    &esp__command_sensitivity,
    &esp__command_shrink,
    &esp__command_overlap,
    &esp__command_instability,
    &esp__command_report,
    &esp__command_list,
    &esp__command_help,
};
// clang-format on
enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out) {
  fputs("Espalier trains neural networks and prunes them while they train.\n\nusage:\n", out);
  for (int i = 0; i < COMMANDS; i++)
    fprintf(out, "  espalier %s %s\n      %s\n", commands[i]->name, commands[i]->usage,
            commands[i]->help);
}

static void explain(const esp__command *c) {
  printf("usage: espalier %s %s\n\n%s\n", c->name, c->usage, c->help);
  if (c->details) printf("\n%s", c->details);
}

static bool asks_for_help(int argc, char **argv) {
  return argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
}

static const char *command_name(size_t i) {
  return i < COMMANDS ? commands[i]->name : NULL;
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

static int run_command(int argc, char **argv) {
  esp_error err = {0};
  if (argc < 2) return usage(stderr), 2;
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout), 0;
  for (int i = 0; i < COMMANDS; i++) {
    if (strcmp(argv[1], commands[i]->name) != 0) continue;
    if (asks_for_help(argc, argv)) return explain(commands[i]), 0;
    const esp_status status = commands[i]->run(argc - 2, argv + 2, &err);
    if (status != ESP_OK) fprintf(stderr, "espalier: %s\n", err.text);
    return exit_status(status);
  }
  const char *nearest = esp_nearest(argv[1], command_name);
  fprintf(stderr, "espalier: unknown command '%s'%s%s%s; 'espalier --help' lists them\n", argv[1],
          nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
  return 2;
}

int main(int argc, char **argv) {
  esp__cli_streams_begin();
  limit_spinning(argv);
  return esp__cli_streams_end(run_command(argc, argv));
}
