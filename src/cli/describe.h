/* The help of one subcommand, from its entry. */
#ifndef ESP_CLI_DESCRIBE_H
#define ESP_CLI_DESCRIBE_H

#include "cli/args.h"

#include <stdio.h>

/* Usage, description and every option, in lines that are yet to be wrapped. */
void esp__describe_command(const esp__command *c, FILE *out);

/* The option's forms, "-o, --output DIR". */
void esp__option_forms(const esp__argument *o, char text[128]);

#endif
