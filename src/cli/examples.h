/* What a command is given to recognise: pictures, texts, sounds or rows of tables, one after the
 * other. */
#ifndef ESP_CLI_EXAMPLES_H
#define ESP_CLI_EXAMPLES_H

#include "cli/engine.h"
#include "data/columns.h"

#include <stdio.h>

typedef struct esp__examples {
  const esp_loaded_run *o;
  const struct esp__example_kind *kind;
  const char *const *next; /* arguments that are left */
  int left;
  bool many;  /* more than one is to be expected */
  bool lines; /* standard input is being read */
  esp__engine engine;
  void *values;      /* [C][H][W], as a data set holds them */
  esp_columns table; /* that is being read */
  int row;           /* of it, the next */
  esp__names column; /* that the network reads */
  char place[4200];  /* "rows.csv:2" */
  char *line;        /* of standard input */
  size_t line_room;
  /* Of the example that was read last: */
  const char *name;  /* its file, or the text itself */
  const char *shown; /* that, or the place in the file */
  esp_text_count count;
  float *logits; /* all tasks', of the engine */
} esp__examples;

/* `file` is that of the network, for messages. On failure they are still to be closed. */
esp_status esp__examples_open(esp__examples *x, const esp_loaded_run *o, const char *file,
                              const char *const *argument, int arguments, esp_error *err);
/* Reads the next example and computes its logits; *more is false behind the last. After a failure
 * the one behind it can be asked for. */
esp_status esp__examples_next(esp__examples *x, bool *more, esp_error *err);
/* "pictures" */
const char *esp__examples_noun(const esp__examples *x);
void esp__examples_close(esp__examples *x);

#endif
