/* The subcommands, a file each. The only place that prints to a person or exits. */
#ifndef ESP_CLI_CLI_H
#define ESP_CLI_CLI_H

#include "cli/args.h"

enum { ESP_EXIT_BUSY = 75 }; /* the exit status where another process is at work */

extern const esp__command esp__command_new;
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
extern const esp__command esp__command_factorise;
extern const esp__command esp__command_shrink;
extern const esp__command esp__command_pack;
extern const esp__command esp__command_export;
extern const esp__command esp__command_compress;
extern const esp__command esp__command_overlap;
extern const esp__command esp__command_instability;
extern const esp__command esp__command_report;
extern const esp__command esp__command_list;
extern const esp__command esp__command_help;

#endif
