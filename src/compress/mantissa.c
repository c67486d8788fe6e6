#include "compress/mantissa.h"

#include <stdint.h>
#include <string.h>

enum { MANTISSA = 23 }; /* bits of a float's, without the leading one */

/* The carry of a mantissa goes into the exponent. */
float esp__round_mantissa(float number, unsigned bits) {
  uint32_t word;
  memcpy(&word, &number, sizeof word);
  const unsigned drop = MANTISSA - bits;
  const uint32_t half = (uint32_t)1 << (drop - 1), odd = word >> drop & 1;
  const uint32_t up = (word + half - 1 + odd) >> drop << drop;
  float result;
  memcpy(&result, &up, sizeof result);
  return result;
}
