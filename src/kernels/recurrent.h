/* The cells of recurrent layers: what a token makes of the sums of its input and of what the token
 * before left. */
#ifndef ESP_KERNELS_RECURRENT_H
#define ESP_KERNELS_RECURRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some hidden units of one block of images at one token. Gates of a unit lie `gate` floats apart,
 * units `unit` floats. Images that have ended leave zeros. */
typedef struct esp__gates {
  float *at;
  size_t unit, gate;
} esp__gates;
typedef struct esp__recurrent_cell {
  int units, token;
  const int32_t *length;                /* [16] */
  esp__gates x;                         /* sums of the input */
  esp__gates sums;                      /* of what was before; they become the gates */
  float *inner;                         /* [units] `inner_unit` floats apart */
  const float *inner_before, *h_before; /* of the token before; NULL: 0 */
  float *h;
  size_t inner_unit, h_unit;
} esp__recurrent_cell;

/* Long short-term memory (Hochreiter & Schmidhuber 1997; with forget gates, Gers et al. 2000). The
 * gates are in the order input, forget, candidate, output: with s = x + sums,
 *
 *     i = sigmoid(s0)   f = sigmoid(s1)   g = tanh(s2)   o = sigmoid(s3)
 *     inner = f inner_before + i g        h = o tanh(inner) */
typedef void esp__lstm_fn(const esp__recurrent_cell *k);
/* Gated recurrent unit (Cho et al. 2014). In the order reset, update, candidate:
 *
 *     r = sigmoid(x0 + s0)   z = sigmoid(x1 + s1)   inner = tanh(x2 + r s2)
 *     h = (1 - z) inner + z h_before
 *
 * s2 stays as it is. */
typedef void esp__gru_fn(const esp__recurrent_cell *k);

/* Back through the same cell. The gradient of h is dy + dh + what was carried (GRU), that of inner
 * has what was carried (LSTM). */
typedef struct esp__recurrent_cell_back {
  const esp__recurrent_cell *of;
  const float *dy; /* as h */
  size_t dy_unit;
  const float *dh; /* [units][16] from the next token's sums; NULL: 0 */
  float *carried;  /* [units][16] from the next token, to the one before */
  float *dsums;    /* as sums; NULL: not wanted */
  esp__gates dx;   /* at NULL: not wanted */
  bool add;        /* to dx */
} esp__recurrent_cell_back;
typedef void esp__lstm_back_fn(const esp__recurrent_cell_back *k);
typedef void esp__gru_back_fn(const esp__recurrent_cell_back *k);

#endif
