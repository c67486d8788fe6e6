/* Text on stdout in the language of manual pages, mdoc(7). */
#ifndef ESP_CLI_MDOC_H
#define ESP_CLI_MDOC_H

#include <stddef.h>

/* Characters that roff reads as its own are escaped. */
void esp__mdoc_escaped(const char *text, size_t length);
/* A paragraph, each sentence in a line of its own. */
void esp__mdoc_paragraph(const char *text, size_t length);
/* What a page begins with; the name's first part is its title. */
void esp__mdoc_heading(const char *name, int section, const char *summary);

#endif
