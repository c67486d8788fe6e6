/* The subcommands, a file each. The only place that prints to a person or exits. */
#ifndef ESP_CLI_CLI_H
#define ESP_CLI_CLI_H

#include <espalier/status.h>

enum { ESP_EXIT_BUSY = 75 }; /* the exit status where another process is at work */

/* argc and argv begin behind the subcommand's name. */
typedef struct esp__command {
  const char *name, *usage, *help;
  const char *details; /* what --help says besides, lines; NULL = nothing */
  esp_status (*run)(int argc, char **argv, esp_error *err);
} esp__command;

extern const esp__command esp__command_run;
extern const esp__command esp__command_resume;
extern const esp__command esp__command_sweep;
extern const esp__command esp__command_sparsity_search;
extern const esp__command esp__command_compare;
extern const esp__command esp__command_watch;
extern const esp__command esp__command_eval;
extern const esp__command esp__command_predict;
extern const esp__command esp__command_inspect;
extern const esp__command esp__command_bench;
extern const esp__command esp__command_sensitivity;
extern const esp__command esp__command_shrink;
extern const esp__command esp__command_overlap;
extern const esp__command esp__command_instability;
extern const esp__command esp__command_report;
extern const esp__command esp__command_list;
extern const esp__command esp__command_help;

#endif
