/* Linear layers: correlation with weights as they lie, a matrix.
 *
 * There are few pixels (one for each block of images), so a weight is of use to a few multiply-adds
 * only, and what counts is that each load comes from a near cache. Where the inputs do not stay
 * there while the outputs pass over them, they come in blocks of channels, and the outputs in
 * panels, whose sums are spilled between two blocks. Where a line of the matrix has weights of
 * several outputs, those of a panel and a block are gathered first: in a large matrix the lines
 * would displace each other, above all where they are a power of two apart, before the next tile of
 * outputs comes to them. */
#include "base/inline.h"
#include "base/integer.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"
#include "kernels/store_simd.h"

#include <string.h>

enum { PIX = ESP_VECTOR == 8 ? 3 : 6 };

/* A block of channels of a panel. */
typedef struct block {
  int first, channels; /* channels */
  bool last;
  int output;          /* the panel's first */
  const float *weight; /* of the first of a tile's outputs, and the first channel */
  size_t o_stride, c_stride;
  float *sums; /* [ESP_LINEAR_PANEL][PIX][ESP_VECTOR] */
} block;

/* Adds a block to the sums of a tile of outputs, and finishes them behind the last one. */
ESP_INLINE void linear_tile(const esp__linear *k, const block *b, const esp__pixel *pixel, int o,
                            size_t lane, const int outs, const int pixels) {
  esp__vec sum[ESP_TILE][PIX];
  const float *x[PIX], *w = b->weight;
  const size_t spilled = (size_t)(o - b->output) * PIX * ESP_VECTOR;
#pragma GCC unroll 8
  for (int p = 0; p < pixels; p++)
    x[p] = k->x + pixel[p].x + lane + (size_t)b->first * k->x_channel;
#pragma GCC unroll 4
  for (int i = 0; i < outs; i++)
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++)
      sum[i][p] = b->first == 0 ? esp__vec_set(0.0f)
                                : esp__vec_load(b->sums + spilled + (i * PIX + p) * ESP_VECTOR);
  size_t at = 0;
  for (int c = 0; c < b->channels; c++, at += k->x_channel, w += b->c_stride) {
    esp__vec value[PIX];
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) value[p] = esp__vec_load(x[p] + at);
#pragma GCC unroll 4
    for (int i = 0; i < outs; i++) {
      const esp__vec weight = esp__vec_set(w[(size_t)i * b->o_stride]);
#pragma GCC unroll 8
      for (int p = 0; p < pixels; p++) sum[i][p] = esp__vec_fma(weight, value[p], sum[i][p]);
    }
  }
  if (!b->last) {
#pragma GCC unroll 4
    for (int i = 0; i < outs; i++)
#pragma GCC unroll 8
      for (int p = 0; p < pixels; p++)
        esp__vec_store(b->sums + spilled + (i * PIX + p) * ESP_VECTOR, sum[i][p]);
    return;
  }
  const esp__epilogue f = k->epilogue;
  for (int i = 0; i < outs; i++)
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++)
      esp__store(sum[i][p], &f, false, o + i, k->y,
                 (size_t)pixel[p].y + lane + (size_t)(o + i) * k->y_channel);
}

#define TILE(O, P)                                                                                 \
  static void tile_##O##_##P(const esp__linear *k, const block *b, const esp__pixel *pixel, int o, \
                             size_t lane) {                                                        \
    linear_tile(k, b, pixel, o, lane, O, P);                                                       \
  }
#if ESP_VECTOR == 8
#define EACH_PIX(M, O) M(O, 1) M(O, 2) M(O, 3)
#define ROW(O) \
  { tile_##O##_1, tile_##O##_2, tile_##O##_3 }
#else
#define EACH_PIX(M, O) M(O, 1) M(O, 2) M(O, 3) M(O, 4) M(O, 5) M(O, 6)
#define ROW(O) \
  { tile_##O##_1, tile_##O##_2, tile_##O##_3, tile_##O##_4, tile_##O##_5, tile_##O##_6 }
#endif
EACH_PIX(TILE, 1)
EACH_PIX(TILE, 2)
EACH_PIX(TILE, 3)
EACH_PIX(TILE, 4)
typedef void tile_function(const esp__linear *k, const block *b, const esp__pixel *pixel, int o,
                           size_t lane);
static tile_function *const tiles[ESP_TILE][PIX] = {ROW(1), ROW(2), ROW(3), ROW(4)};

/* The weights of a panel and a block, beside each other. */
static void gather(const esp__linear *k, block *b, int outputs, float *to) {
  const float *from = b->weight;
  for (int c = 0; c < b->channels; c++)
    memcpy(to + c * ESP_LINEAR_PANEL, from + (size_t)c * k->c_stride, (size_t)outputs * sizeof *to);
  b->weight = to;
  b->c_stride = ESP_LINEAR_PANEL;
}

static void run_block(const esp__linear *k, block *b, const esp__pixel *pixel, int pixels,
                      int outputs, size_t lane) {
  for (int o = 0; o < outputs; o += ESP_TILE) {
    tiles[esp__least(outputs - o, ESP_TILE) - 1][pixels - 1](k, b, pixel, b->output + o, lane);
    b->weight += ESP_TILE * b->o_stride;
  }
}

void ESP_ISA_NAME(esp__linear)(const esp__linear *k) {
  _Alignas(64) float sums[ESP_LINEAR_PANEL * PIX * ESP_VECTOR],
      gathered[ESP_LINEAR_GATHERED * ESP_LINEAR_PANEL];
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    for (int p = 0; p < k->pixels; p += PIX)
      for (int o = 0; o < k->outputs; o += k->panel)
        for (int c = 0; c < k->channels; c += k->block) {
          const int outputs = esp__least(k->outputs - o, k->panel);
          block b = {.first = c,
                     .channels = esp__least(k->channels - c, k->block),
                     .last = c + k->block >= k->channels,
                     .output = o,
                     .weight = k->weight + (size_t)o * k->o_stride + (size_t)c * k->c_stride,
                     .o_stride = k->o_stride,
                     .c_stride = k->c_stride,
                     .sums = sums};
          if (k->gather) gather(k, &b, outputs, gathered);
          run_block(k, &b, k->pixel + p, esp__least(k->pixels - p, PIX), outputs, lane);
        }
}
