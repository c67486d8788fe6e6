/* The gradient of the weights: a tile of sums in registers, OUT outputs by some columns, while the
 * pixels pass. Four outputs share what they load of x: 4 x 6 sums with 32 registers, 4 x 3 with 16.
 * A single output, as depthwise layers have it, takes 8 columns: enough sums to hide the latency of
 * a multiply-add. */
#include "base/integer.h"
#include "kernels/kernels.h"
#include "kernels/reduce_simd.h"
#include "kernels/simd.h"
#include "kernels/weights_few.h"

enum { MANY = ESP_VECTOR == 8 ? 3 : 6, ALONE = 8, CHUNK = 64 };

/* The sums of some outputs, and how far their columns go. */
typedef struct strip {
  const float *y[ESP_TILE];
  int outs, columns;
  const int32_t *column;
  float *sum, *partial_sums;     /* where finished sums go, and where partial ones are spilled */
  size_t sum_output, sum_column; /* sum[o * sum_output + j * sum_column] */
  bool add;                      /* to what is there */
} strip;

/* A tile over one chunk of pixels. */
typedef struct work_item {
  const float *x, *const *y;
  const esp__pixel *pixel, *end;
  const int32_t *column;
  float *partial_sums; /* of the tile: [outputs][stride] */
  size_t stride;
  bool first; /* the sums start from 0, else from `partial_sums` */
} work_item;

static inline __attribute__((always_inline)) void tile(const work_item *i, size_t lane,
                                                       const int outs, const int cols) {
  esp__vec sum[ESP_TILE][ALONE];
  const float *x[ALONE], *y[ESP_TILE];
  float *partial_sums[ESP_TILE];
#pragma GCC unroll 4
  for (int o = 0; o < outs; o++) {
    y[o] = i->y[o] + lane;
    partial_sums[o] = i->partial_sums + (size_t)o * i->stride + lane;
#pragma GCC unroll 8
    for (int c = 0; c < cols; c++)
      sum[o][c] = i->first ? esp__vec_set(0.0f) : esp__vec_load(partial_sums[o] + c * ESP_LANES);
  }
#pragma GCC unroll 8
  for (int c = 0; c < cols; c++) x[c] = i->x + i->column[c] + lane;
  for (const esp__pixel *p = i->pixel; p < i->end; p++) {
    esp__vec value[ALONE];
#pragma GCC unroll 8
    for (int c = 0; c < cols; c++) value[c] = esp__vec_load(x[c] + p->x);
#pragma GCC unroll 4
    for (int o = 0; o < outs; o++) {
      const esp__vec grad = esp__vec_load(y[o] + p->y);
#pragma GCC unroll 8
      for (int c = 0; c < cols; c++) sum[o][c] = esp__vec_fma(grad, value[c], sum[o][c]);
    }
  }
#pragma GCC unroll 4
  for (int o = 0; o < outs; o++)
#pragma GCC unroll 8
    for (int c = 0; c < cols; c++) esp__vec_store(partial_sums[o] + c * ESP_LANES, sum[o][c]);
}

typedef void tile_function(const work_item *i, size_t lane);
#define TILE(O, C)                                              \
  static void tile_##O##_##C(const work_item *i, size_t lane) { \
    tile(i, lane, O, C);                                        \
  }
#define THREE(O) TILE(O, 1) TILE(O, 2) TILE(O, 3)
#define SIX(O) THREE(O) TILE(O, 4) TILE(O, 5) TILE(O, 6)
#define ROW_THREE(O) tile_##O##_1, tile_##O##_2, tile_##O##_3
#define ROW_SIX(O) ROW_THREE(O), tile_##O##_4, tile_##O##_5, tile_##O##_6
#if ESP_VECTOR == 8
#define EACH(O) THREE(O)
#define ROW(O) ROW_THREE(O)
#else
#define EACH(O) SIX(O)
#define ROW(O) ROW_SIX(O)
#endif

SIX(1)
TILE(1, 7)
TILE(1, 8)
EACH(2)
EACH(3)
EACH(4)
static tile_function *const tiles[ESP_TILE][ALONE] = {
    {ROW_SIX(1), tile_1_7, tile_1_8}, {ROW(2)}, {ROW(3)}, {ROW(4)}};

/* Adds up the images of a finished tile. */
static void reduce(const strip *s, const work_item *i, int j, int cols) {
  float reduced[ESP_TILE * ALONE];
  const int row =
      (int)(i->stride / ESP_LANES); /* sums from one output to the stride; without gaps, or many */
  if (row == cols)
    esp__reduce_all_lanes(i->partial_sums, s->outs * cols, reduced);
  else
    for (int o = 0; o < s->outs; o++)
      esp__reduce_all_lanes(i->partial_sums + (size_t)o * i->stride, cols, reduced + o * cols);
  for (int o = 0; o < s->outs; o++) {
    float *to = s->sum + (size_t)o * s->sum_output + (size_t)j * s->sum_column;
    for (int c = 0; c < cols; c++, to += s->sum_column)
      *to = s->add ? *to + reduced[o * cols + c] : reduced[o * cols + c];
  }
}

/* All columns of a strip over one chunk of pixels. Between chunks the sums are spilled to
 * `partial_sums`; a single chunk needs room for one tile only, which stays in the first-level
 * cache. */
static void run_chunk(const strip *s, const float *x, const esp__pixel *pixel, int pixels,
                      int first) {
  const int now = esp__least(pixels - first, CHUNK), wide = s->outs == 1 ? ALONE : MANY;
  const bool single = now == pixels, last = first + now == pixels;
  for (int j = 0; j < s->columns; j += wide) {
    const int cols = esp__least(s->columns - j, wide);
    const work_item i = {.x = x,
                         .y = s->y,
                         .pixel = pixel + first,
                         .end = pixel + first + now,
                         .column = s->column + j,
                         .partial_sums = s->partial_sums + (single ? 0 : j * ESP_LANES),
                         .stride = (size_t)(single ? cols : s->columns) * ESP_LANES,
                         .first = first == 0};
    for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
      tiles[s->outs - 1][cols - 1](&i, lane);
    if (last) reduce(s, &i, j, cols);
  }
}

/* CHUNK pixels at a time: the gradients of y stay in the first-level cache while all columns pass,
 * and what is read of x in the second while all outputs do. */
void ESP_ISA_NAME(esp__correlate_weights)(const esp__correlate_weights *k) {
  if (esp__weights_few_pay(k)) {
    ESP_ISA_NAME(esp__correlate_weights_few)(k);
    return;
  }
  for (int first = 0; first < k->pixels; first += CHUNK)
    for (int o = 0; o < k->outputs; o += ESP_TILE) {
      strip s = {
          .outs = esp__least(k->outputs - o, ESP_TILE),
          .columns = k->columns,
          .column = k->column,
          .sum = k->sum + (size_t)o * k->sum_stride,
          .partial_sums = k->partial_sums + (k->pixels <= CHUNK ? 0 : o * k->columns * ESP_LANES),
          .sum_output = k->sum_stride,
          .sum_column = 1,
          .add = k->add};
      for (int r = 0; r < s.outs; r++) s.y[r] = k->y + (size_t)(o + r) * k->y_channel;
      run_chunk(&s, k->x, k->pixel, k->pixels, first);
    }
}

/* The same, each tile of outputs with its own columns. */
void ESP_ISA_NAME(esp__correlate_weights_bcsr)(const esp__correlate_weights_bcsr *k) {
  const uint32_t begin = k->row_ptr[0];
  for (int first = 0; first < k->pixels; first += CHUNK)
    for (int o = 0, t = 0; o < k->outputs; o += ESP_TILE, t++) {
      const size_t before = (size_t)(k->row_ptr[t] - begin) * ESP_TILE;
      strip s = {.outs = esp__least(k->outputs - o, ESP_TILE),
                 .columns = (int)(k->row_ptr[t + 1] - k->row_ptr[t]),
                 .column = k->col + k->row_ptr[t],
                 .sum = k->sum + before,
                 .partial_sums = k->partial_sums + (k->pixels <= CHUNK ? 0 : before * ESP_LANES),
                 .sum_output = 1,
                 .sum_column = ESP_TILE};
      for (int r = 0; r < s.outs; r++) s.y[r] = k->y + (size_t)k->perm[o + r] * k->y_channel;
      run_chunk(&s, k->x, k->pixel, k->pixels, first);
    }
}
