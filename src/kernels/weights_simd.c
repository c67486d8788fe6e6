/* The gradient of the weights: a tile of sums in registers, OUT outputs by some columns, while the
 * pixels pass. Four outputs share what they load of x: 4 x 6 sums with 32 registers, 4 x 3 with 16.
 * A single output, as depthwise layers have it, takes 8 columns: enough sums to hide the latency of
 * a multiply-add. */
#include "base/integer.h"
#include "kernels/join_simd.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"

enum { MANY = ESP_VECTOR == 8 ? 3 : 6, ALONE = 8, PASS = 64 };

/* The sums of some outputs, and how far their columns go. */
typedef struct strip {
  const float *y[ESP_TILE];
  int outs, columns;
  const int32_t *column;
  float *sum, *lanes;            /* where they go when finished, and where they wait */
  size_t sum_output, sum_column; /* sum[o * sum_output + j * sum_column] */
  bool add;                      /* to what is there */
} strip;

/* One pass of a tile. */
typedef struct piece {
  const float *x, *const *y;
  const esp__pixel *pixel, *end;
  const int32_t *column;
  float *lanes; /* of the tile: [outputs][next] */
  size_t next;
  bool first; /* the sums start from 0, else from `lanes` */
} piece;

static inline __attribute__((always_inline)) void tile(const piece *i, size_t lane, const int outs,
                                                       const int cols) {
  esp__vec sum[ESP_TILE][ALONE];
  const float *x[ALONE], *y[ESP_TILE];
  float *lanes[ESP_TILE];
#pragma GCC unroll 4
  for (int o = 0; o < outs; o++) {
    y[o] = i->y[o] + lane;
    lanes[o] = i->lanes + (size_t)o * i->next + lane;
#pragma GCC unroll 8
    for (int c = 0; c < cols; c++)
      sum[o][c] = i->first ? esp__vec_set(0.0f) : esp__vec_load(lanes[o] + c * ESP_LANES);
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
    for (int c = 0; c < cols; c++) esp__vec_store(lanes[o] + c * ESP_LANES, sum[o][c]);
}

typedef void tile_function(const piece *i, size_t lane);
#define TILE(O, C)                                          \
  static void tile_##O##_##C(const piece *i, size_t lane) { \
    tile(i, lane, O, C);                                    \
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

/* The images of a finished tile joined. */
static void join(const strip *s, const piece *i, int j, int cols) {
  float joined[ESP_TILE * ALONE];
  const int row =
      (int)(i->next / ESP_LANES); /* sums from one output to the next; without gaps, or many */
  if (row == cols)
    esp__reduce_all_lanes(i->lanes, s->outs * cols, joined);
  else
    for (int o = 0; o < s->outs; o++)
      esp__reduce_all_lanes(i->lanes + (size_t)o * i->next, cols, joined + o * cols);
  for (int o = 0; o < s->outs; o++) {
    float *to = s->sum + (size_t)o * s->sum_output + (size_t)j * s->sum_column;
    for (int c = 0; c < cols; c++, to += s->sum_column)
      *to = s->add ? *to + joined[o * cols + c] : joined[o * cols + c];
  }
}

/* All columns of a strip over one pass of pixels. Between passes the sums wait in `lanes`; a single
 * pass needs room for one tile only, which stays in the first-level cache. */
static void pass(const strip *s, const float *x, const esp__pixel *pixel, int pixels, int first) {
  const int now = esp__least(pixels - first, PASS), wide = s->outs == 1 ? ALONE : MANY;
  const bool single = now == pixels, last = first + now == pixels;
  for (int j = 0; j < s->columns; j += wide) {
    const int cols = esp__least(s->columns - j, wide);
    const piece i = {.x = x,
                     .y = s->y,
                     .pixel = pixel + first,
                     .end = pixel + first + now,
                     .column = s->column + j,
                     .lanes = s->lanes + (single ? 0 : j * ESP_LANES),
                     .next = (size_t)(single ? cols : s->columns) * ESP_LANES,
                     .first = first == 0};
    for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
      tiles[s->outs - 1][cols - 1](&i, lane);
    if (last) join(s, &i, j, cols);
  }
}

/* PASS pixels at a time: the gradients of y stay in the first-level cache while all columns pass,
 * and what is read of x in the second while all outputs do. */
void ESP_ISA_NAME(esp__correlate_weights)(const esp__correlate_weights *k) {
  for (int first = 0; first < k->pixels; first += PASS)
    for (int o = 0; o < k->outputs; o += ESP_TILE) {
      strip s = {.outs = esp__least(k->outputs - o, ESP_TILE),
                 .columns = k->columns,
                 .column = k->column,
                 .sum = k->sum + (size_t)o * k->next,
                 .lanes = k->lanes + (k->pixels <= PASS ? 0 : o * k->columns * ESP_LANES),
                 .sum_output = k->next,
                 .sum_column = 1,
                 .add = k->add};
      for (int r = 0; r < s.outs; r++) s.y[r] = k->y + (size_t)(o + r) * k->y_channel;
      pass(&s, k->x, k->pixel, k->pixels, first);
    }
}

/* The same, each tile of outputs with its own columns. */
void ESP_ISA_NAME(esp__correlate_weights_tiles)(const esp__correlate_weights_tiles *k) {
  const uint32_t begin = k->start[0];
  for (int first = 0; first < k->pixels; first += PASS)
    for (int o = 0, t = 0; o < k->outputs; o += ESP_TILE, t++) {
      const size_t before = (size_t)(k->start[t] - begin) * ESP_TILE;
      strip s = {.outs = esp__least(k->outputs - o, ESP_TILE),
                 .columns = (int)(k->start[t + 1] - k->start[t]),
                 .column = k->offset + k->start[t],
                 .sum = k->sum + before,
                 .lanes = k->lanes + (k->pixels <= PASS ? 0 : before * ESP_LANES),
                 .sum_output = 1,
                 .sum_column = ESP_TILE};
      for (int r = 0; r < s.outs; r++) s.y[r] = k->y + (size_t)k->order[o + r] * k->y_channel;
      pass(&s, k->x, k->pixel, k->pixels, first);
    }
}
