/* Lines on a terminal. */
#ifndef ESP_BASE_TERMINAL_H
#define ESP_BASE_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Columns: the environment variable COLUMNS, else those of the terminal that `out` is at the
 * moment, else 80. */
int esp__terminal_columns(FILE *out);

/* A line that is written over: on a terminal that understands that, TERM=dumb apart. */
typedef struct esp__status_line {
  FILE *out;
  bool terminal;
  bool open; /* a text stands there, without a line break behind it */
} esp__status_line;

/* out = NULL: nothing is ever shown. */
esp__status_line esp__status_line_on(FILE *out);
/* On a terminal, in the place of what it showed before, cut to one character less than its columns
 * so that it never wraps; elsewhere a plain line, whole. No colours. */
void esp__status_line_show(esp__status_line *s, const char *text);
/* Takes the text away, so that something else can be printed. */
void esp__status_line_clear(esp__status_line *s);

#endif
