/* Weights that are whole multiples of a number of their output, as those of quantised layers. */
#ifndef ESP_PACK_MULTIPLES_H
#define ESP_PACK_MULTIPLES_H

#include "pack/coder.h"

/* The weights that are there: of output o those of there[o * each ... (o + 1) * each - 1] that are
 * not 0; value[] has them one after the other, step[] a number for each output. */
typedef struct esp__multiples {
  const float *step;
  const uint8_t *there;
  size_t outputs, each;
  float *value;
} esp__multiples;

/* Whether each value is, to the bit, an integer from -127 to 127, but not 0, times its step. */
bool esp__are_multiples(const esp__multiples *m);
/* Codes the integers as symbols of 8 bits, 128 added: encoding reads the values, decoding fills
 * them. False: decoded nonsense. */
bool esp__code_multiples(esp__coder *c, const esp__multiples *m);

#endif
