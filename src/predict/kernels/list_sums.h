/* The sums of lists of nonzero weights, over neighbouring pixels or over fields. */
#ifndef ESP_PREDICT_KERNELS_LIST_SUMS_H
#define ESP_PREDICT_KERNELS_LIST_SUMS_H

#include "predict/kernels/finish_simd.h"

/* The vectors of a stretch: `rows` (1 or 2) of `columns`, every step-th of a row. Constants at each
 * call, so that all sums are in registers. */
typedef struct esp__list_shape {
  int outputs, rows, columns, step;
} esp__list_shape;

/* A list is read once an image, so a long one comes from memory: entries are fetched so far ahead,
 * into the second-level cache. */
enum { ESP_AHEAD = 512 };

/* sum[output][row][column], of the entries of a row of k; x: where the stretch reads, with `apart`
 * floats between its rows. */
ESP_INLINE void esp__list_sums(const esp__lists *k, const esp__list_row *row, const float *x,
                               size_t apart, const esp__list_shape shape, esp__vec *sum) {
  const int vectors = shape.rows * shape.columns;
  const esp__list_entry *e = k->entry + row->first,
                        *end = e + (size_t)row->length * (size_t)shape.outputs;
#pragma GCC unroll 16
  for (int i = 0; i < vectors * shape.outputs; i++) sum[i] = esp__vec_set(0.0f);
  for (; e != end; e += shape.outputs) {
    __builtin_prefetch(e + ESP_AHEAD, 0, 2);
#pragma GCC unroll 8
    for (int o = 0; o < shape.outputs; o++) {
      const float *at = x + e[o].x;
      const esp__vec w = esp__vec_set(e[o].weight);
#pragma GCC unroll 16
      for (int v = 0; v < vectors; v++) {
        const float *from =
            at + (v < shape.columns ? 0 : apart) + v % shape.columns * shape.step * ESP_VECTOR;
        sum[o * vectors + v] = esp__vec_fma(w, esp__vec_load_any(from), sum[o * vectors + v]);
      }
    }
  }
}

#endif
