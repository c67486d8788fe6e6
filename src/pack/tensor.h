/* A tensor of 32-bit floating-point numbers in a packed file: which weights there are, and what
 * they are. */
#ifndef ESP_PACK_TENSOR_H
#define ESP_PACK_TENSOR_H

#include "pack/coder.h"
#include "pack/numbers.h"

/* Weights, whose outputs come first, and numbers of one axis, such as biases, which are few and
 * share what is learned about them. */
typedef struct esp__tensor_models {
  esp__float_model vectors, weights;
  struct esp__tensor_bits {
    double mask, table, values;
  } spent; /* on the newest tensor; `table`: its entries, and how many */
} esp__tensor_models;

/* Codes value[shape[0]][shape[1]]...: encoding reads it, decoding fills it; every bit comes back.
 * Values that are +0 cost a bit of the mask. Tensors of few different values (at most 256) are
 * stored as a table and numbers in it; those that are integers times step[shape[0]] (NULL: nothing
 * is known of them) as these integers. False: no memory, or decoded nonsense. */
bool esp__code_tensor(esp__coder *c, esp__tensor_models *m, const int64_t *shape, int rank,
                      const float *step, float *value);

#endif
