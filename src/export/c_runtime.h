/* The functions that an exported program is made of: pieces of C in src/export/runtime, of which
 * each program gets those it needs. */
#ifndef ESP_EXPORT_C_RUNTIME_H
#define ESP_EXPORT_C_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* In the order in which they stand in a program: each needs only those before it. Numbers are
 * floats, and so are sums; in programs of integers they have 8 bits, and sums 32. */
typedef enum esp__c_piece {
  ESP_C_FUSED,
  ESP_C_FUSED_INTEGERS,
  ESP_C_TIMES,
  ESP_C_ROUNDED,
  ESP_C_RESCALED,
  ESP_C_READ_PIXELS,
  ESP_C_READ_FEATURES,
  ESP_C_READ_FEATURES_INTEGERS,
  ESP_C_ENDING,
  ESP_C_ENDING_INTEGERS,
  ESP_C_BIASED,
  ESP_C_FINISH,
  ESP_C_FINISH_INTEGERS,
  ESP_C_WEIGHTS,
  ESP_C_CONVOLUTION,
  ESP_C_CONVOLVE,
  ESP_C_CONVOLVE_INTEGERS,
  ESP_C_ANSWER_CONVOLUTION,
  ESP_C_LINEAR,
  ESP_C_MULTIPLY,
  ESP_C_MULTIPLY_INTEGERS,
  ESP_C_ANSWER_LINEAR,
  ESP_C_LINE,
  ESP_C_WINDOW,
  ESP_C_WITHIN,
  ESP_C_WINDOW_SUM,
  ESP_C_MAXPOOL,
  ESP_C_AVGPOOL,
  ESP_C_AVGPOOL_INTEGERS,
  ESP_C_SUBSAMPLE,
  ESP_C_ADD,
  ESP_C_ADD_INTEGERS,
  ESP_C_RESCALE,
  ESP_C_COPY,
  ESP_C_UNITS,
  ESP_C_PRODUCT,
  ESP_C_LOGARITHM,
  ESP_C_TRANSFORM,
  ESP_C_HEAR,
  ESP_C_TRANSPOSE,
  ESP_C_RELU,
  ESP_C_RELU6,
  ESP_C_LEAKY_RELU,
  ESP_C_THRESHOLD,
  ESP_C_EXPONENTIAL,
  ESP_C_TANGENT,
  ESP_C_TANH,
  ESP_C_SIGMOID,
  ESP_C_GELU,
  ESP_C_MEAN_ABS,
  ESP_C_TOP_K,
  ESP_C_GATE,
  ESP_C_PIECES
} esp__c_piece;

/* A set of pieces: a bit for each. */
typedef uint64_t esp__c_pieces;
static inline esp__c_pieces esp__c_piece_set(esp__c_piece p) {
  return UINT64_C(1) << p;
}

/* Writes the `wanted` pieces, and those that they need. Lines of a piece between the comments
 * @shared and @end are for programs with tables of values. */
void esp__c_runtime_write(FILE *out, esp__c_pieces wanted, bool shared);

/* The files of src/export/runtime, built in by src/embed. */
typedef struct esp__c_text {
  const char *name; /* NULL after the last */
  const unsigned char *data;
  size_t bytes;
} esp__c_text;
extern const esp__c_text esp__c_texts[];

#endif
