/* Correlation: the one computation behind convolution and linear layers, forward and backward.
 *
 * A plane is seen as a list of pixels and a kernel window as a list of taps, both as offsets in
 * floats. Stride, padding, groups, depthwise, a linear layer (its pixels are the image blocks, its
 * only tap is 0), and the parity classes of a strided backward pass are then all the same loop;
 * only the lists differ.
 *
 * A pixel stands for 16 images: x[pixel.x + tap + channel * x_channel + lane]. */
#ifndef ESP_KERNELS_CORRELATE_H
#define ESP_KERNELS_CORRELATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct esp__pixel {
  int32_t x, y; /* where it reads and where it writes, in floats */
} esp__pixel;
typedef struct esp__tap {
  int32_t x,
      weight; /* what is added to where a pixel reads, in floats; its number among the weights */
} esp__tap;

/* What is done with a finished sum v before it is stored, in this order:
 *     v + 0 (so that zero has one sign);  v + bias[o];  v * scale[o] + shift[o];  v + residual;  what was
 * there + v; max(v, 0) */
typedef struct esp__epilogue {
  const float *bias;          /* [outputs] or NULL */
  const float *scale, *shift; /* [outputs], a batch norm with running statistics, or both NULL */
  const float *residual;      /* laid out as y, or NULL */
  bool accumulate, relu;
} esp__epilogue;

/* The same from an output on, whose plane lies `plane` floats behind that of the tensor's first. */
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

/* y[pixel.y + o * y_channel] = finish of the sum over c, then tap, of weight[o][c][tap.weight] *
 * x[pixel.x + c * x_channel + tap.x]
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
  const float
      *weight; /* packed: [outputs / 4][channels][weights][4], the last tile as narrow as what is
                 left */
  int weights; /* of an output and channel, for these taps and others */
  esp__epilogue finish;
} esp__correlate;

/* What is fetched into the second-level cache while the patch of pixels before it is worked on. It
 * changes no result. */
typedef struct esp__prefetch_list {
  const int32_t
      *line; /* [lines] what a patch reads of a channel, from its first pixel's x on; NULL:
               nothing */
  int lines, channels;
  size_t x_channel;
} esp__prefetch_list;

/* Fetches a share of what the patch that begins at `x` reads. */
static inline void esp__prefetch(const esp__prefetch_list *a, const float *x, int share,
                                 int shares) {
  for (int c = a->channels * share / shares; c < a->channels * (share + 1) / shares; c++)
    for (int i = 0; i < a->lines; i++)
      __builtin_prefetch(x + (size_t)c * a->x_channel + a->line[i], 0, 2);
}

enum { ESP_SPARSE_TILE = 16 }; /* pixels whose sums are held in registers, at most */

/* The same as esp__correlate with a list of the nonzero weights instead of all of them. The
 * channels are cut into blocks whose inputs, for a tile of pixels, fit the first-level cache;
 * between blocks the sums wait in memory. Entries start[b * next + o] to start[b * next + o + 1] -
 * 1 belong to output o and block b, in the order (c, tap). A zero weight would add nothing, so the
 * result has the same bits. */
typedef struct esp__correlate_sparse {
  const float *x;
  float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  int run;  /* 1 to 7: pixels come in runs of so many whose x are `step` floats apart; divides
              `pixels` */
  int step; /* 16 or 32 */
  const uint32_t *start; /* [blocks][next], and one more */
  int blocks, next;
  const int32_t *offset; /* of channel and tap together, in floats */
  const float *value;
  int outputs;
  esp__prefetch_list ahead;
  float *waiting; /* [outputs][ESP_SPARSE_TILE][16] scratch, 64-byte aligned; unused with a single
                  block */
  esp__epilogue finish;
} esp__correlate_sparse;

/* The same with a list for each tile of ESP_TILE outputs, of the places (c, tap) where any of them
 * has a weight: entries start[t] to start[t + 1] - 1 for the outputs order[4 t] to order[4 t + 3].
 * For masks of filters, channels and blocks, which leave whole tiles or places empty. */
typedef struct esp__correlate_tiles {
  const float *x;
  float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  const uint32_t *start; /* [tiles + 1] */
  const int32_t *offset; /* of channel and tap together, in floats */
  const float *value;    /* [entries][ESP_TILE], 0 where an output has no weight */
  const int32_t *order;  /* [outputs] a permutation */
  int outputs;
  esp__epilogue finish;
} esp__correlate_tiles;

/* sum[o * next + column] = sum over pixels of y[pixel.y + o * y_channel] * x[pixel.x + column]: the
 * gradient of the weights.
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
  size_t next;  /* at least `columns` */
  bool add;     /* to what is in sum */
  float *lanes; /* [outputs][columns][16] scratch, 64-byte aligned; up to 64 pixels:
                [ESP_TILE][8][16] */
} esp__correlate_weights;

/* The same with tiles as in esp__correlate_tiles: sum[(e - start[0]) * 4 + i] for output order[4 t
 * + i] of tile t, where e is one of its entries. */
typedef struct esp__correlate_weights_tiles {
  const float *x, *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  const uint32_t *start;
  const int32_t *offset, *order;
  int outputs;
  float *sum;
  float *lanes; /* [entries of all tiles][ESP_TILE][16] scratch, 64-byte aligned */
} esp__correlate_weights_tiles;

enum { ESP_WEIGHTS_PATCH = 64 }; /* pixels that all nonzero weights pass over before the next */

/* The same as esp__correlate_weights at the nonzero weights only: sum[e] for the entries of each
 * output, in blocks of channels as in esp__correlate_sparse. The order of arithmetic is that of
 * esp__correlate_weights. */
typedef struct esp__correlate_weights_sparse {
  const float *x;
  const float *y;
  size_t y_channel;
  const esp__pixel *pixel;
  int pixels;
  int patch;     /* pixels of a patch */
  int run, step; /* pixels come in runs whose x are `step` floats apart, and whose y are 16 */
  const uint32_t *start; /* [blocks][next], and one more */
  int blocks, next;
  const int32_t *offset;
  int outputs;
  esp__prefetch_list ahead;
  float *sum;
  float *lanes; /* [entries of all `outputs`][16] scratch, 64-byte aligned */
} esp__correlate_weights_sparse;

/* The sum of 16 lanes: (l, l + 8), then (l, l + 4), (l, l + 2), (l, l + 1). */
static inline float esp__lanes_sum(const float lane[16]) {
  float a[8], b[4];
  for (int l = 0; l < 8; l++) a[l] = lane[l] + lane[l + 8];
  for (int l = 0; l < 4; l++) b[l] = a[l] + a[l + 4];
  return (b[0] + b[2]) + (b[1] + b[3]);
}

#endif
