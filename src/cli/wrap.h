/* Text for people, as wide as their terminal. */
#ifndef ESP_CLI_WRAP_H
#define ESP_CLI_WRAP_H

#include <stdio.h>

/* Columns to print in: the environment variable COLUMNS, else those of the terminal that stdout is,
 * else 80; at least 40, at most 100. */
int esp__terminal_width(void);

/* Prints lines of text. What is longer than `width` goes on in further lines below the last column
 * of its own, which begins behind the last two spaces in a row; below its first character, or what
 * follows "- ", where there is only one column. A last column that begins in the right half of the
 * width gets lines of its own. Words are not cut, nor a short text in brackets. */
void esp__print_wrapped(const char *text, int width, FILE *out);

#endif
