/* What the build writes from the tables of subcommands and keys: manual pages, and what shells
 * complete. None of it is part of the command. */
#ifndef ESP_CLI_DOCUMENT_H
#define ESP_CLI_DOCUMENT_H

#include "cli/args.h"

#include <espalier/config.h>

/* The page espalier(1) on stdout, or espalier-NAME(1), in mdoc(7). */
void esp__document_overview(void);
/* The page espalier.ini(5): all sections and keys. */
void esp__document_config(void);
void esp__document_command(const esp__command *c);

/* Completions on stdout. */
void esp__document_bash(void);
void esp__document_zsh(void);
void esp__document_fish(void);

/* Calls `each` for every key of a configuration, section after section. */
void esp__each_key(void (*each)(const char *section, const esp_option *o));
/* The i-th value that a key can have, where there is a list of them; NULL behind the last. */
const char *esp__key_value(const esp_option *o, size_t i);

#endif
