/* All subcommands, in the order of the help. */
#ifndef ESP_CLI_COMMANDS_H
#define ESP_CLI_COMMANDS_H

#include "cli/args.h"

#include <stdio.h>

const esp__command *esp__command_at(size_t i); /* NULL after the last */
const esp__command *esp__command_find(const char *name);
const char *esp__command_name(size_t i); /* NULL after the last */

/* The help about all commands, and about one, to stdout and as wide as the terminal. */
esp_status esp__print_overview(esp_error *err);
esp_status esp__print_command(const esp__command *c, esp_error *err);
/* How to call it, in a few lines. */
void esp__print_short_usage(FILE *out);

#endif
