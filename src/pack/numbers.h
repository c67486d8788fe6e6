/* Numbers of 32-bit floating point, bit by bit: every value comes back as it was, NANs too. */
#ifndef ESP_PACK_NUMBERS_H
#define ESP_PACK_NUMBERS_H

#include "pack/coder.h"

enum { ESP_FLOAT_HEAD = 4 }; /* bits of a mantissa that are worth a model */

/* Weights that survived pruning are of a few magnitudes: their exponents take two bits or three,
 * and the first bits of their mantissas lean to one side. */
typedef struct esp__float_model {
  esp__bit_model sign, exponent[256], head[256][1 << ESP_FLOAT_HEAD];
} esp__float_model;
void esp__float_model_start(esp__float_model *m);

/* Codes value[n]: encoding reads it, decoding fills it. Trailing zeros that all mantissas share, as
 * rounded numbers have, cost nothing. */
void esp__code_floats(esp__coder *c, esp__float_model *m, float *value, size_t n);
/* A count, in about 2 log2(value) bits (Elias 1975, gamma). */
uint64_t esp__code_count(esp__coder *c, uint64_t value);

#endif
