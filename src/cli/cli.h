/* The subcommands, a file each. The only place that prints to a person or exits. */
#ifndef ESP_CLI_CLI_H
#define ESP_CLI_CLI_H

#include <espalier/status.h>

enum { ESP_EXIT_BUSY = 75 }; /* the exit status where another process is at work */

/* argc and argv begin behind the subcommand's name. */
typedef struct esp_command {
  const char *name, *usage, *help;
  const char *details; /* what --help says besides, lines; NULL = nothing */
  esp_status (*run)(int argc, char **argv, esp_error *err);
} esp_command;

extern const esp_command esp_command_run;
extern const esp_command esp_command_resume;
extern const esp_command esp_command_sweep;
extern const esp_command esp_command_search;
extern const esp_command esp_command_compare;
extern const esp_command esp_command_watch;
extern const esp_command esp_command_eval;
extern const esp_command esp_command_predict;
extern const esp_command esp_command_inspect;
extern const esp_command esp_command_bench;
extern const esp_command esp_command_sensitivity;
extern const esp_command esp_command_shrink;
extern const esp_command esp_command_overlap;
extern const esp_command esp_command_instability;
extern const esp_command esp_command_report;
extern const esp_command esp_command_list;
extern const esp_command esp_command_help;

#endif
