/* Adaptive binary arithmetic coding: what a packed file's tensors are written with.
 *
 * A bit is coded in an interval [low, high] of 32-bit numbers that is cut in two by the bit's
 * probability; leading bytes on which both ends agree are written out (Witten, Neal & Cleary 1987;
 * for bits: Langdon & Rissanen 1981). A probability is the share of ones among the bits seen so
 * far, with half a one and half a zero besides (Krichevsky & Trofimov 1981), so it needs no table
 * in the file. All of it is integers: the same bytes from any machine.
 *
 * Encoding and decoding are one function: each takes the value to write, and returns the value that
 * was written or read. So a model of numbers is written once and cannot disagree with itself. */
#ifndef ESP_PACK_CODER_H
#define ESP_PACK_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ESP_PROBABILITY_BITS = 22 };

/* How likely the next bit is a one. Begins as ESP_BIT_START. */
typedef struct esp__bit_model {
  uint32_t one;  /* in units of 2^-ESP_PROBABILITY_BITS; never 0, never all */
  uint32_t seen; /* bits so far, at most BITS_REMEMBERED (coder.c) */
} esp__bit_model;
#define ESP_BIT_START ((esp__bit_model){1u << (ESP_PROBABILITY_BITS - 1), 0})

typedef struct esp__coder {
  uint32_t low, high;
  uint32_t code; /* decoding: the bytes at `at` - 4 */
  bool decoding;
  const uint8_t *in;      /* decoding */
  size_t in_bytes, at;    /* `at` goes on beyond the end, where zeros stand */
  uint8_t *out;           /* encoding: malloc'ed, of the caller in the end */
  size_t out_bytes, room; /* written; allocated */
  bool failed;            /* there was no memory, here or in what codes by it */
} esp__coder;

void esp__coder_encode(esp__coder *c);
/* Decodes from data[bytes], which must outlive the coder. */
void esp__coder_decode(esp__coder *c, const uint8_t *data, size_t bytes);
/* Encoding: writes what is left; false when there was no memory, and then `out` is NULL. Decoding:
 * whether the bytes were enough, and were all needed. */
bool esp__coder_end(esp__coder *c);

/* Bits that were written so far, or read: fractions count, since the interval keeps them. */
double esp__coder_position(const esp__coder *c);

/* A bit, and what it teaches the model. */
int esp__code_bit(esp__coder *c, esp__bit_model *m, int bit);
/* A number of `bits` (0 to 32) bits of which nothing is known. */
uint32_t esp__code_plain(esp__coder *c, uint32_t value, int bits);
/* A number of `bits` (1 to 16) bits, the highest first, each in the light of those before it:
 * model[1 << bits], of which the first is not used. */
uint32_t esp__code_symbol(esp__coder *c, esp__bit_model *model, uint32_t value, int bits);

/* model[n] that know nothing. */
void esp__bit_models_start(esp__bit_model *model, size_t n);

#endif
