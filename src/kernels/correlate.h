/* Correlation: the loop behind convolution and linear layers, forward and backward.
 *
 * A plane is seen as a list of pixels and a kernel window as a list of taps, both as offsets in
 * floats. Stride, padding, groups, depthwise, a linear layer (its pixels are the image blocks, its
 * only tap is 0), and the parity classes of a strided backward pass are then all the same loop;
 * only the lists differ.
 *
 * A pixel stands for 16 images: x[pixel.x + tap + channel * x_channel + lane].
 *
 * Weights come packed, all of them; as they lie, those of a linear layer; or sparse: in CSR
 * (compressed sparse rows, a row per output), or in BCSR (blocked CSR) with tiles of 4 outputs by 1
 * place. */
#ifndef ESP_KERNELS_CORRELATE_H
#define ESP_KERNELS_CORRELATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct esp__pixel {
  int32_t x, y; /* where it reads and where it writes, in floats */
} esp__pixel;
typedef struct esp__tap {
  int32_t x;      /* what is added to where a pixel reads, in floats */
  int32_t weight; /* its number among the weights of an output and channel */
} esp__tap;

/* What is done with a finished sum v before it is stored, in this order:
 *
 *     v + 0                      so that zero has one sign
 *     v + bias[o]
 *     v * scale[o] + shift[o]
 *     v + residual
 *     what was there + v         if `accumulate`
 *     max(v, 0)                  if `relu` */
typedef struct esp__epilogue {
  const float *bias;          /* [outputs] or NULL */
  const float *scale, *shift; /* [outputs], a batch norm with running statistics, or both NULL */
  const float *residual;      /* laid out as y, or NULL */
  bool accumulate, relu;
} esp__epilogue;

/* The epilogue of the outputs from number `output` on, whose plane lies `plane` floats behind that
 * of output 0. */
static inline esp__epilogue esp__epilogue_from(const esp__epilogue *whole, int output,
                                               ptrdiff_t plane) {
  esp__epilogue f = *whole;
  if (f.bias) f.bias += output;
  if (f.scale) f.scale += output;
  if (f.shift) f.shift += output;
  if (f.residual) f.residual += plane;
  return f;
}

enum { ESP_TILE = 4 }; /* output channels whose weights are packed together */

/* All weights:
 *
 *     y[pixel.y + o * y_channel] = epilogue of the sum over c, then tap, of
 *                                  weight[o][c][tap.weight] * x[pixel.x + c * x_channel + tap.x]
 *
 * Order of arithmetic of an output: from 0, one fused multiply-add per (c, tap), c outermost,
 * ascending. A tap that reads 0 would add nothing, so lists may leave it out. */
typedef struct esp__correlate {
  const float *x;
  size_t x_channel;
  float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  const esp__tap *tap;
  int taps, channels, outputs;
  /* [outputs / 4][channels][weights][4], the last tile as narrow as what is left */
  const float *weight;
  int weights; /* of an output and channel, for these taps and others */
  esp__epilogue epilogue;
} esp__correlate;

/* A linear layer, the same with one tap of 0, whose weights are read where they lie: that of output
 * o and channel c is weight[o * o_stride + c * c_stride], and one of the strides is 1. */
typedef struct esp__linear {
  const float *x;
  size_t x_channel;
  float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels, channels, outputs;
  const float *weight;
  size_t o_stride, c_stride;
  esp__epilogue epilogue;
  /* How it is cut, which changes no bit: into panels of outputs, which take the channels in blocks.
   * With `gather` the weights of a panel and a block are laid beside each other first; o_stride is
   * 1 then. At most ESP_LINEAR_PANEL outputs are a panel, unless all channels are one block and
   * nothing is gathered; at most ESP_LINEAR_GATHERED channels are gathered. */
  int panel, block;
  bool gather;
} esp__linear;
enum { ESP_LINEAR_PANEL = 64, ESP_LINEAR_GATHERED = 96 };

/* What is prefetched into the second-level cache while the patch of pixels before it is worked on.
 * It changes no result. */
typedef struct esp__prefetch_list {
  /* [lines] what a patch reads of a channel, from its first pixel's x on; NULL: nothing. */
  const int32_t *line;
  int lines, channels;
  size_t x_channel;
} esp__prefetch_list;

/* Prefetches part number `part` of `parts` of what the patch that begins at `x` reads. */
static inline void esp__prefetch(const esp__prefetch_list *a, const float *x, int part, int parts) {
  for (int c = a->channels * part / parts; c < a->channels * (part + 1) / parts; c++)
    for (int i = 0; i < a->lines; i++)
      __builtin_prefetch(x + (size_t)c * a->x_channel + a->line[i], 0, 2);
}

enum { ESP_SPARSE_TILE = 16 }; /* pixels whose sums are held in registers, at most */

/* The nonzero weights in CSR, in place of all that esp__correlate takes. The channels are cut into
 * blocks whose inputs, for a tile of pixels, fit the first-level cache; between blocks the partial
 * sums are spilled to memory. Row o of block b has the entries
 *
 *     row_ptr[b * rows + o] to row_ptr[b * rows + o + 1] - 1
 *
 * in the order (c, tap). A zero weight would add nothing, so the bits are those of
 * esp__correlate. */
typedef struct esp__correlate_csr {
  const float *x;
  float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels; /* a multiple of `run` */
  int run;    /* 1 to 7: pixels come in runs of so many whose x are `step` floats apart */
  int step;   /* 16 or 32 */
  const uint32_t *row_ptr; /* [blocks][rows], and one more */
  int blocks, rows;
  const int32_t *col; /* [nnz] offset of channel and tap together, in floats */
  const float *val;   /* [nnz] */
  int outputs;
  esp__prefetch_list prefetch;
  /* [outputs][ESP_SPARSE_TILE][16] scratch, 64-byte aligned; unused with a single block. */
  float *partial_sums;
  esp__epilogue epilogue;
} esp__correlate_csr;

/* The nonzero weights in BCSR: a row t of tiles serves the outputs perm[4 t] to perm[4 t + 3] and
 * has an entry, row_ptr[t] to row_ptr[t + 1] - 1, for each place (c, tap) where any of them has a
 * weight. For masks of filters, channels and blocks, which leave whole rows or places empty. The
 * bits are those of esp__correlate. */
typedef struct esp__correlate_bcsr {
  const float *x;
  float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  const uint32_t *row_ptr; /* [outputs / 4, rounded up], and one more */
  const int32_t *col;      /* [nnz] offset of channel and tap together, in floats */
  const float *val;        /* [nnz][ESP_TILE], 0 where an output has no weight */
  const int32_t *perm;     /* [outputs] a permutation */
  int outputs;
  esp__epilogue epilogue;
} esp__correlate_bcsr;

/* The gradient of all weights:
 *
 *     sum[o * sum_stride + column] = sum over pixels of
 *                                    y[pixel.y + o * y_channel] * x[pixel.x + column]
 *
 * Order of arithmetic: for each of the 16 images, from 0, one fused multiply-add per pixel,
 * ascending; then esp__lanes_sum. */
typedef struct esp__correlate_weights {
  const float *x;
  const float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  const int32_t *column; /* offsets of (channel, tap), channel outermost */
  int columns, outputs;
  float *sum;
  size_t sum_stride; /* at least `columns` */
  bool add;          /* to what is in sum */
  /* Scratch, 64-byte aligned: [outputs][columns][16]; up to 64 pixels ESP_WEIGHTS_SCRATCH. */
  float *partial_sums;
} esp__correlate_weights;

/* Up to so many pixels, variants may have a way of their own: the reduction of the images would
 * take longer than the products. */
enum { ESP_FEW_PIXELS = 16, ESP_WEIGHTS_SCRATCH = ESP_FEW_PIXELS * 32 * 16 };

/* The gradient of the weights of esp__correlate_bcsr: sum[(e - row_ptr[0]) * 4 + i] for output
 * perm[4 t + i], where e is an entry of row t. The order of arithmetic is that of
 * esp__correlate_weights. */
typedef struct esp__correlate_weights_bcsr {
  const float *x, *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  const uint32_t *row_ptr;
  const int32_t *col, *perm;
  int outputs;
  float *sum;
  float *partial_sums; /* [entries of all rows][ESP_TILE][16] scratch, 64-byte aligned */
} esp__correlate_weights_bcsr;

enum { ESP_WEIGHTS_PATCH = 64 }; /* pixels that all nonzero weights pass over before the next */

/* The gradient of the weights of esp__correlate_csr: sum[e] for its entries, in the same blocks of
 * channels. The order of arithmetic is that of esp__correlate_weights. */
typedef struct esp__correlate_weights_csr {
  const float *x;
  const float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  int patch;     /* pixels of a patch */
  int run, step; /* pixels come in runs whose x are `step` floats apart, and whose y are 16 */
  const uint32_t *row_ptr; /* [blocks][rows], and one more */
  int blocks, rows;
  const int32_t *col;
  int outputs;
  esp__prefetch_list prefetch;
  float *sum;
  float *partial_sums; /* [entries of all `outputs`][16] scratch, 64-byte aligned */
} esp__correlate_weights_csr;

/* The sum of 16 lanes: (l, l + 8), then (l, l + 4), (l, l + 2), (l, l + 1). */
static inline float esp__lanes_sum(const float lane[16]) {
  float a[8], b[4];
  for (int l = 0; l < 8; l++) a[l] = lane[l] + lane[l + 8];
  for (int l = 0; l < 4; l++) b[l] = a[l] + a[l + 4];
  return (b[0] + b[2]) + (b[1] + b[3]);
}

#endif
