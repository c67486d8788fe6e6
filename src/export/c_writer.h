/* What the parts of the writer of C sources share. */
#ifndef ESP_EXPORT_C_WRITER_H
#define ESP_EXPORT_C_WRITER_H

#include "export/c_plan.h"
#include "export/c_runtime.h"
#include "export/c_weights.h"

#include <espalier/sound.h>

#include <stdint.h>
#include <stdio.h>

enum { ESP_C_NAME_MAX = 64 };

typedef struct esp__c_writer {
  const esp__c_plan *plan;
  const esp__network *net;
  const esp_spectrum *spectrum; /* of sounds; else NULL */
  char name[ESP_C_NAME_MAX + 1],
      upper[ESP_C_NAME_MAX + 1]; /* what names in the program begin with */
  esp__c_weights *weights;       /* [ops] of layers */
  size_t constants;              /* bytes */
  FILE *out;
} esp__c_writer;

/* Begins a table of constants, `name` and number `i`; `each` is the size of one. */
void esp__c_begin_table(esp__c_writer *w, const char *type, const char *name, int i, size_t count,
                        size_t each);
/* A table of doubles, all of it. */
void esp__c_write_doubles(esp__c_writer *w, const char *name, int count, const double *value);
/* A place in memory; the value of operation `op`; then what stands behind it. */
void esp__c_write_place(const esp__c_writer *w, size_t at, const char *behind);
void esp__c_write_value(const esp__c_writer *w, int op, const char *behind);

/* Whether a layer's values are numbers of a table. */
bool esp__c_any_shared(const esp__c_writer *w);

/* Writes all numbers that a step works with (c_constants.c). */
void esp__c_write_constants(esp__c_writer *w, const esp__c_step *s);

/* The pieces of the runtime that a step calls, and its call (c_calls.c). */
esp__c_pieces esp__c_step_pieces(const esp__network *n, const esp__c_step *s);
void esp__c_write_call(const esp__c_writer *w, const esp__c_step *s);

/* The same for what only programs of integers have (c_integers.c): what a layer's ending works
 * with, the ending itself, and calls of operations between scales. */
void esp__c_write_integer_numbers(esp__c_writer *w, const esp__c_step *s);
void esp__c_write_integer_ending(const esp__c_writer *w, const esp__c_step *s);
esp__c_pieces esp__c_integer_pieces(const esp__network *n, const esp__c_step *s);
void esp__c_call_requantise(const esp__c_writer *w, const esp__c_step *s);
void esp__c_call_add_integers(const esp__c_writer *w, const esp__c_step *s);
void esp__c_call_answer(const esp__c_writer *w, const esp__c_step *s);

#endif
