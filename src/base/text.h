/* Texts that grow as they are printed to. */
#ifndef ESP_BASE_TEXT_H
#define ESP_BASE_TEXT_H

#include <espalier/quality.h>
#include <espalier/status.h>

#include <stddef.h>
#include <stdio.h>

typedef struct esp__text {
  FILE *out;  /* to print to, until the text ends; NULL then */
  char *data; /* once it has ended: bytes, and a NUL behind them; newly allocated */
  size_t bytes;
  const char *what; /* it is of, for messages */
} esp__text;

/* Begins an empty text; *t must not move until it ends. Once memory is out, here or then: "out of
 * memory for <what>". */
esp_status esp__text_begin(esp__text *t, const char *what, esp_error *err);
/* Ends it. On failure nothing is left to free. */
esp_status esp__text_end(esp__text *t, esp_error *err);
/* Ends it, and makes it the file `path`; nothing is left to free. */
esp_status esp__text_write(esp__text *t, const char *path, esp_error *err);
/* Gives up a text, whether it has ended or not. */
void esp__text_drop(esp__text *t);

/* The names of columns, with commas between them, without the end of the line. NULL after the
 * last. */
void esp__print_columns(FILE *out, const char *const *name);
/* The same of names with "quality" in them (quality.h). */
void esp__print_quality_columns(FILE *out, const esp_quality *q, const char *const *name);

/* A cell of a CSV file: what contains a comma, a quote or a line break stands in quotes
 * (RFC 4180). */
void esp__print_csv_cell(FILE *out, const char *text);

/* The text in one line, with ';' where it breaks, in `width` bytes: cut off, or with spaces behind
 * it. 0: in as many as it has. */
void esp__print_line(FILE *out, const char *text, int width);

#endif
